using System.Net;

namespace FlannelPS.SystemTests;

/// <summary>The store goes away, forgets, or is another one: what is known stays.</summary>
public sealed class StoreFaultTests(ITestOutputHelper output)
{
    private const string Subnets = Network.Prefix + "/subnets/";

    [Fact]
    public Task F02_I3_With_two_of_three_members_down_no_probe_is_lost_and_the_tables_are_equal_afterwards() => LoseQuorumAsync(TimeSpan.FromSeconds(3));

    [Fact]
    public Task F02_I3_The_same_for_a_minute()
    {
        Requires.Long();
        return LoseQuorumAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task F05_After_a_compaction_under_a_cut_watch_the_table_is_equal_and_no_peer_flapped()
    {
        using var network = await Network.CreateAsync();
        await using var relay = network.NewRelay();
        await PutFakeAsync(network, 1, 10);
        await PutFakeAsync(network, 2, 20);
        var other = await network.StartAsync(1);
        var node = network.LaunchAt(relay.Endpoint, 0);
        await node.WaitReadyAsync();
        await node.WaitForPeersAsync(3);
        other.Host.AttachWorkload(other.Env);
        node.Host.AttachWorkload(node.Env);
        using var prober = await network.ProbeAsync(node, other);
        var monitor = node.Host.Start("ip", ["monitor", "route"]);

        relay.Cut();
        await node.WaitForStatusAsync("state", "StoreUnreachable");
        await PutFakeAsync(network, 2, 21); // changed: another MAC (L8)
        await PutFakeAsync(network, 3, 30); // new
        await network.Store.DeleteAsync(Subnets + "10.42.201.0-24", network.Limit);
        await network.Store.CompactAsync(network.Limit);
        relay.Join();

        var took = await Poll.UntilAsync("the table of the store", async () =>
        {
            string routes = await node.RunAsync("ip", "route");
            string fdb = await node.RunAsync("bridge", "fdb", "show", "dev", "flannel.1");
            return routes.Contains("10.42.203.0/24", StringComparison.Ordinal) && !routes.Contains("10.42.201.0/24", StringComparison.Ordinal)
                && fdb.Contains("02:00:00:00:00:15", StringComparison.Ordinal) && !fdb.Contains("02:00:00:00:00:14", StringComparison.Ordinal) ? null : routes + fdb;
        }, 15);
        output.WriteLine($"equal {took.TotalMilliseconds:F0} ms after the relay was joined");
        await node.WaitForStatusAsync("state", "Ready");
        Assert.DoesNotContain($"Deleted {other.Env.Subnet}", monitor.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Deleted 10.42.202.0/24", monitor.Log, StringComparison.Ordinal);
        Assert.Contains("Deleted 10.42.201.0/24", monitor.Log, StringComparison.Ordinal);
        await AssertNothingLostAsync(prober);
    }

    [Theory]
    [InlineData(0.5, 12)] // a second a call, there and back
    [InlineData(5, 40)] // beyond every deadline
    public async Task F09_Over_a_slow_store_the_lease_is_kept_or_written_again_and_nobody_elses(double delaySeconds, int lastingSeconds)
    {
        if (delaySeconds > 1)
        {
            Requires.Long();
        }

        using var network = await Network.CreateAsync();
        await using var relay = network.NewRelay();
        var peer = await network.StartAsync(1);
        var node = network.LaunchAt(relay.Endpoint, 0, "--subnet-lease-ttl=9");
        await node.WaitReadyAsync();
        await node.WaitForPeersAsync(1);
        string key = Subnets + node.Env.Key;
        var before = (await network.LeasesAsync()).Single(lease => lease.Key == key);

        relay.Delay = TimeSpan.FromSeconds(delaySeconds);
        await Task.Delay(TimeSpan.FromSeconds(lastingSeconds), network.Limit);
        if (delaySeconds < 1)
        {
            Assert.Equal(before, (await network.LeasesAsync()).SingleOrDefault(lease => lease.Key == key));
            Assert.Equal("Ready", await node.StatusAsync("state"));
        }

        Assert.Equal("1", await node.StatusAsync("kernel.peers"));
        relay.Delay = TimeSpan.Zero;
        await node.WaitForStatusAsync("state", "Ready", 40);
        await Poll.UntilAsync("the lease", async () => (await network.LeasesAsync()).Any(lease => lease.Key == key && lease.Value == before.Value) ? null : "none", 20);
        Assert.Equal(2, (await network.LeasesAsync()).Count);
        Assert.Null(Faults.Model.Overlap(await network.Store.HistoryAsync(Subnets, network.Limit)));
        await peer.WaitForPeersAsync(1);
    }

    [Fact]
    public async Task F10_When_etcd_loses_all_its_data_own_leases_are_written_again_and_peers_stay_meanwhile()
    {
        using var network = await Network.CreateAsync(hosts: 3);
        var nodes = await network.StartAllAsync();
        var before = await network.LeasesAsync();
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        string kernel = await nodes[0].SnapshotAsync();
        await nodes[2].Daemon.StopAsync(TimeSpan.FromSeconds(2)); // cannot write its lease again: a peer in its time of grace

        network.Members[0].KillAndWipe();
        network.Members[0].Launch();
        await network.Members[0].WaitAsync(network.Limit);
        await Poll.UntilAsync("two leases again", async () => (await network.LeasesAsync()).Count == 2 ? null : string.Join(' ', (await network.LeasesAsync()).Select(lease => lease.Key)), 20);
        foreach (var lease in await network.LeasesAsync())
        {
            Assert.Contains(before, was => was.Key == lease.Key && was.Value == lease.Value);
        }

        await nodes[0].WaitForStatusAsync("lease.phase", "Held");
        await nodes[0].WaitForStatusAsync("store.following", "True");
        await nodes[0].WaitForStatusAsync("configNotice", "removed");
        Snapshot.AssertSame(kernel, await nodes[0].SnapshotAsync());
        await AssertNothingLostAsync(prober);
    }

    private async Task LoseQuorumAsync(TimeSpan duration)
    {
        using var network = await Network.CreateAsync(members: 3);
        var nodes = await network.StartAllAsync("--healthz-port=8111");
        using var http = NamespaceHttp.Create(nodes[0].Host.Namespace);
        var readyz = new Uri("http://127.0.0.1:8111/readyz");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(readyz, network.Limit)).StatusCode);
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        string[] kernel = [await nodes[0].SnapshotAsync(), await nodes[1].SnapshotAsync()];
        var leases = await network.LeasesAsync();

        network.Members[1].Kill();
        network.Members[2].Kill();
        output.WriteLine($"noticed after {(await nodes[0].WaitForStatusAsync("state", "StoreUnreachable", 30)).TotalMilliseconds:F0} ms");
        using (var answer = await http.GetAsync(readyz, network.Limit))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("Store: ", await answer.Content.ReadAsStringAsync(network.Limit), StringComparison.Ordinal);
        }

        Assert.NotEqual("", await nodes[0].StatusAsync("store.problem"));
        Assert.NotEqual("", await nodes[0].StatusAsync("store.since"));
        await Task.Delay(duration, network.Limit); // traffic without a store
        network.Members[1].Launch();
        network.Members[2].Launch();
        await network.Members[1].WaitAsync(network.Limit);
        output.WriteLine($"ready again {(await nodes[0].WaitForStatusAsync("state", "Ready", 20)).TotalMilliseconds:F0} ms after the majority");
        await nodes[1].WaitForStatusAsync("state", "Ready", 20);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(readyz, network.Limit)).StatusCode);

        Assert.Equal(leases, await network.LeasesAsync());
        Snapshot.AssertSame(kernel[0], await nodes[0].SnapshotAsync());
        Snapshot.AssertSame(kernel[1], await nodes[1].SnapshotAsync());
        await AssertNothingLostAsync(prober);
    }

    private async Task AssertNothingLostAsync(Prober prober)
    {
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    private static Task PutFakeAsync(Network network, int number, int mac) => network.Store.PutAsync(
        $"{Subnets}10.42.{200 + number}.0-24",
        $$$"""{"PublicIP":"198.18.0.{{{200 + number}}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:{{{mac:x2}}}"}}""",
        network.Limit);
}
