using System.Text.Json;

namespace FlannelPS.SystemTests;

/// <summary>Who has which subnet, judged from etcd and not from what the daemons say.</summary>
public sealed class LeaseTests(ITestOutputHelper output)
{
    private const int SIGKILL = 9;
    private const int SIGSTOP = 19;
    private const int SIGCONT = 18;
    private const string Subnets = Network.Prefix + "/subnets/";
    private const string Foreign = """{"PublicIP":"198.18.0.99","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:63"}}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F20_A_lease_deleted_or_revoked_by_an_admin_is_written_again_and_traffic_goes_on(bool revoke)
    {
        using var network = await Network.CreateAsync();
        var nodes = await network.StartAllAsync();
        string key = Subnets + nodes[0].Env.Key;
        var before = (await network.LeasesAsync()).Single(lease => lease.Key == key);
        using var prober = Prober.Start(nodes[0].Host.Workload, nodes[1].Host.Workload);
        await prober.WaitUntilFlowingAsync(network.Limit);
        await (revoke ? network.Store.RevokeAsync(before.Lease, network.Limit) : network.Store.DeleteAsync(key, network.Limit));

        var took = await Poll.UntilAsync("the lease", async () =>
            (await network.LeasesAsync()).Any(lease => lease.Key == key && lease.Value == before.Value && lease.CreateRevision > before.CreateRevision && lease.Lease != 0) ? null : "no such key", 2);
        output.WriteLine($"written again {took.TotalMilliseconds:F0} ms later");
        await nodes[0].WaitForStatusAsync("lease.phase", "Held");
        await nodes[1].WaitForPeersAsync(1);
        Assert.False(nodes[0].Daemon.HasEnded);
        Assert.Contains("9", (await nodes[0].AskAsync("events")).ToString(), StringComparison.Ordinal);
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task F21_A_lease_overwritten_by_another_is_never_written_over_and_ours_again_when_the_other_goes()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0, "--subnet-lease-ttl=5");
        string key = Subnets + node.Env.Key;
        await network.Store.PutAsync(key, Foreign, network.Limit);
        await node.WaitForStatusAsync("state", "Conflict");
        Assert.Contains(key, await node.StatusAsync("lease.reason"), StringComparison.Ordinal);
        var foreign = (await network.LeasesAsync()).Single();

        // Beyond a renewal (5 s / 3) and an operator's repair.
        await node.AskAsync("repair");
        await Task.Delay(2500, network.Limit);
        Assert.Equal(foreign, (await network.LeasesAsync()).Single());
        Assert.Equal("Conflict", await node.StatusAsync("state"));

        await network.Store.DeleteAsync(key, network.Limit);
        await node.WaitForStatusAsync("state", "Ready");
        Assert.Contains("198.18.0.11", (await network.LeasesAsync()).Single(lease => lease.Key == key).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F22_I1_L5_Of_twenty_daemons_racing_for_sixteen_subnets_sixteen_win_and_four_wait()
    {
        using var network = await Network.CreateAsync(hosts: 20, config: """{"Network":"10.42.0.0/20","SubnetLen":24,"SubnetMin":"10.42.0.0","Backend":{"Type":"host-gw"}}""");
        var nodes = Enumerable.Range(0, 20).Select(host => network.Launch(host)).ToList();
        var states = new string[20];
        await Poll.UntilAsync("16 ready and 4 in NoSubnet", async () =>
        {
            for (int i = 0; i < 20; i++)
            {
                states[i] = await nodes[i].StatusAsync("state");
            }

            return states.Count(state => state == "Ready") == 16 && states.Count(state => state == "NoSubnet") == 4 ? null : string.Join(' ', states);
        }, 30);
        AssertNoSubnetTwice(await network.Store.HistoryAsync(Subnets, network.Limit), 16);
        var waiting = nodes[Array.IndexOf(states, "NoSubnet")];
        Assert.NotEqual("", (await waiting.AskAsync("status")).GetProperty("reasons")[0].GetString());
        Assert.False(File.Exists(waiting.SubnetFile));
        Assert.All(nodes, node => Assert.False(node.Daemon.HasEnded));

        // A subnet that becomes free goes to one who waits.
        await network.Store.DeleteAsync(Subnets + await LeaveAsync(nodes[Array.IndexOf(states, "Ready")]), network.Limit);
        await Poll.UntilAsync("one of the four has it", async () => (await network.LeasesAsync()).Count == 16 ? null : "15 leases", 12);
        AssertNoSubnetTwice(await network.Store.HistoryAsync(Subnets, network.Limit), 17);
    }

    [Fact]
    public async Task F23_A_daemon_stopped_beyond_its_ttl_writes_nothing_over_the_subnets_new_owner()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0, "--subnet-lease-ttl=5");
        string key = Subnets + node.Env.Key;
        node.Daemon.Signal(SIGSTOP);
        await Poll.UntilAsync("the lease's end", async () => (await network.LeasesAsync()).Count == 0 ? null : "still there", 15);
        await network.Store.PutAsync(key, Foreign, network.Limit);
        var foreign = (await network.LeasesAsync()).Single();
        node.Daemon.Signal(SIGCONT);

        await node.WaitForStatusAsync("state", "Conflict");
        await Task.Delay(2500, network.Limit); // beyond a renewal
        Assert.Equal(foreign, (await network.LeasesAsync()).Single());
        Assert.Equal("Conflict", await node.StatusAsync("state"));
    }

    [Fact]
    public async Task F24_Q23_A_second_node_with_the_same_public_ip_or_identity_is_in_conflict_and_the_first_is_untouched()
    {
        using var network = await Network.CreateAsync(hosts: 3);
        var first = await network.StartAsync(0);
        var before = await network.LeasesAsync();
        string folder = Path.Combine("/var/lib/flannelps", network.Hosts[0].Name), clone = Path.Combine("/var/lib/flannelps", network.Hosts[2].Name);

        // State is saved, and the claim made, beside the way of a start.
        await Poll.UntilAsync("saved state", () => File.Exists(Path.Combine(folder, "footprint")));
        await Poll.UntilAsync("a claim", async () => (await network.Store.ListAsync(Network.Prefix + "/flannelps/nodes/", network.Limit)).Count == 1 ? null : "none");
        // All of it, with what the run noted for its own restart: the clone has the same boot.
        (await network.Underlay.Bridge.RunAsync("cp", "-a", folder, clone)).ThrowIfFailed();

        var sameIp = network.Launch(1, "--public-ip=198.18.0.11");
        var sameIdentity = network.Launch(2);
        await sameIp.WaitForStatusAsync("state", "Conflict", 30);
        await sameIdentity.WaitForStatusAsync("state", "Conflict", 30);
        await first.WaitForLogAsync("A second machine was started with the identity of this one", 30);
        string reason = await sameIp.StatusAsync("lease.reason");
        output.WriteLine(reason);
        output.WriteLine(await sameIdentity.StatusAsync("lease.reason"));
        Assert.Contains("--public-ip", reason, StringComparison.Ordinal);
        Assert.Contains("identity", await sameIdentity.StatusAsync("lease.reason"), StringComparison.Ordinal);
        Assert.Equal(before, await network.LeasesAsync());
        Assert.Equal("Ready", await first.StatusAsync("state"));
        Assert.False(File.Exists(sameIp.SubnetFile) || File.Exists(sameIdentity.SubnetFile));

        // The clone's mark goes with it, so nobody looks for a clone that was stopped.
        Assert.Equal(2, (await network.Store.ListAsync(Network.Prefix + "/flannelps/nodes/", network.Limit)).Count);
        await sameIdentity.Daemon.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Single(await network.Store.ListAsync(Network.Prefix + "/flannelps/nodes/", network.Limit));
    }

    [Fact]
    public async Task F25_L6_Q4_A_reservation_stays_one_over_start_run_restart_and_cleanup()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        string key = Subnets + "10.42.123.0-24";
        await network.Store.PutAsync(key, """{"PublicIP":"198.18.0.11","PublicIPv6":null}""", network.Limit);
        var node = await network.StartAsync(0, "--subnet-lease-ttl=5");
        Assert.Equal("10.42.123.0-24", node.Env.Key);
        Assert.Equal("True", await node.StatusAsync("lease.reservation"));
        await Task.Delay(2000, network.Limit); // beyond a renewal
        await AssertReservedAsync();

        node.Daemon.Signal(SIGKILL);
        await node.Daemon.WaitForExitAsync(network.Limit);
        node = await network.StartAsync(0);
        Assert.Equal("10.42.123.0-24", node.Env.Key);
        await AssertReservedAsync();

        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        var cleaned = await node.Host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={node.Host.Name}", $"--subnet-file={node.SubnetFile}", "--cleanup");
        Assert.Contains("reservation", cleaned.ThrowIfFailed().Output, StringComparison.Ordinal);
        await AssertReservedAsync();

        async Task AssertReservedAsync()
        {
            var lease = (await network.LeasesAsync()).Single();
            Assert.Equal((key, 0L), (lease.Key, lease.Lease));
            Assert.Contains("\"BackendType\":\"vxlan\"", lease.Value, StringComparison.Ordinal);
        }
    }

    private static async Task<string> LeaveAsync(Node node)
    {
        string key = node.Env.Key;
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        return key;
    }

    /// <summary>Plays the history: a key that stands is never given to another, and no subnet is created twice while it stands.</summary>
    private static void AssertNoSubnetTwice(IReadOnlyList<EtcdEvent> history, int created)
    {
        var owners = new Dictionary<string, string>();
        int creations = 0;
        foreach (var (item, isDeleted) in history)
        {
            if (isDeleted)
            {
                owners.Remove(item.Key);
                continue;
            }

            using var value = JsonDocument.Parse(item.Value);
            string owner = value.RootElement.GetProperty("PublicIP").GetString()!;
            Assert.True(owners.TryAdd(item.Key, owner) || owners[item.Key] == owner, $"{item.Key} of {owners[item.Key]} went to {owner} at revision {item.ModRevision}");
            Assert.Single(owners.Values, here => here == owner);
            creations += item.CreateRevision == item.ModRevision ? 1 : 0;
        }

        Assert.Equal(created, creations);
        Assert.Equal(owners.Count, owners.Keys.Distinct().Count());
    }
}
