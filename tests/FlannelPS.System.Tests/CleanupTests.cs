namespace FlannelPS.SystemTests;

public sealed class CleanupTests
{
    private const string Subnets = Network.Prefix + "/subnets/";

    [Theory]
    [InlineData("vxlan", "etcd", false)]
    [InlineData("vxlan", "etcd", true)]
    [InlineData("host-gw", "etcd", true)]
    [InlineData("vxlan", "local", false)]
    [InlineData("""{"Type":"vxlan","DirectRouting":true}""", "etcd", false)]
    public async Task I4_After_cleanup_the_kernel_is_as_before_the_start_and_the_lease_is_released(string backend, string store, bool dual)
    {
        using var network = await Network.CreateAsync(backend, store: store, dual: dual);
        var host = network.Hosts[0];

        // What is not ours, some of it inside the overlay's network.
        host.Namespace.Ip(
            "link add foreign0 type bridge", "link set foreign0 up", "addr add 10.43.0.1/24 dev foreign0",
            "link add vxlan77 type vxlan id 77 dev eth0 dstport 4789",
            "route add 10.42.250.0/25 dev foreign0 proto static", "route add 10.42.0.0/16 via 198.18.0.1 metric 4000 proto static", "route add 192.0.2.0/24 via 198.18.0.12",
            "neigh add 198.18.0.200 lladdr 02:00:00:00:00:01 dev eth0 nud permanent", "rule add from 192.0.2.7 lookup main pref 1000");
        string before = await Snapshot.TakeAsync(host);

        var other = await network.StartAsync(1);
        var node = await network.StartAsync(0, "--allow-overlap");
        await node.WaitForPeersAsync(1);
        Assert.NotEqual(before, await node.SnapshotAsync());
        var running = await CleanAsync(network, host);
        Assert.Equal(1, running.ExitCode);
        Assert.Contains("runs", Assert.Single(running.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal("Ready", await node.StatusAsync("state"));

        string env = node.Env.Key;
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        (await CleanAsync(network, host)).ThrowIfFailed();
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(host));
        Assert.False(File.Exists(host.SubnetFile));
        Assert.False(Directory.Exists($"/var/lib/flannelps/{host.Name}"));
        await other.WaitForPeersAsync(0);
        Assert.DoesNotContain((await other.AskAsync("leases")).EnumerateArray(), lease => lease.GetProperty("key").GetString()!.Contains(env, StringComparison.Ordinal));

        // A second time there is nothing to do, and nothing wrong with that.
        (await CleanAsync(network, host)).ThrowIfFailed();
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(host));
    }

    [Fact]
    public async Task R11_A_lease_that_is_another_nodes_by_now_is_not_released()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        var node = await network.StartAsync(0);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        string key = Subnets + node.Env.Key;
        await network.Store.PutAsync(key, """{"PublicIP":"198.18.0.99","PublicIPv6":null,"BackendType":"host-gw"}""", network.Limit, await network.Store.GrantAsync(100, network.Limit));
        var foreign = (await network.LeasesAsync()).Single();
        Assert.Contains("somebody else's", (await CleanAsync(network, node.Host)).ThrowIfFailed().Output, StringComparison.Ordinal);
        Assert.Equal(foreign, (await network.LeasesAsync()).Single());
    }

    [Fact]
    public async Task Without_the_store_the_host_is_cleaned_and_the_lease_left_to_end_by_itself()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        string before = await Snapshot.TakeAsync(network.Hosts[0]);
        var node = await network.StartAsync(0);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        network.Members[0].Kill();
        Assert.Contains("ends by itself", (await CleanAsync(network, node.Host)).ThrowIfFailed().Output, StringComparison.Ordinal);
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(node.Host));
    }

    [Theory]
    [InlineData("etcd")]
    [InlineData("local")]
    public async Task A_configuration_is_written_to_either_store_and_a_bad_one_refused(string store)
    {
        using var network = await Network.CreateAsync(hosts: 1, store: store);
        var bad = await network.SetConfigAsync("""{"Network":"10.42.0.0/31"}""");
        Assert.Equal(1, bad.ExitCode);
        Assert.Single(bad.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        string text = Network.Config("host-gw", network: "10.44.0.0/16");
        Assert.Contains("10.44.0.0/16", (await network.SetConfigAsync(text)).ThrowIfFailed().Output, StringComparison.Ordinal);
        if (store == "etcd")
        {
            Assert.Equal(text, (await network.Store.GetPrefixAsync(Network.Prefix + "/config", network.Limit)).Single().Value);
        }

        var node = await network.StartAsync(0);
        Assert.Equal("10.44.0.0/16", node.Env.Network);
    }

    private static Task<CommandResult> CleanAsync(Network network, Host host) =>
        host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={host.Name}", $"--subnet-file={host.SubnetFile}", "--cleanup");
}
