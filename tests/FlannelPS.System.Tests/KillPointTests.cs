using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>kill -9 at each phase of a node's life, from within (Kernel/KillPoint.cs of the engine): the next start ends where an undisturbed one does.</summary>
/// <remarks>Once at each phase, and twenty times with --long.</remarks>
public sealed class KillPointTests(ITestOutputHelper output)
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;
    private const string Subnets = Network.Prefix + "/subnets/";
    private const string Kept = "--subnet-lease-ttl=15";    // renewed every 5 s

    private static int Times => Requires.IsLong ? 20 : 1;

    private static int Patience => Requires.IsLong ? 600 : 120;

    /// <summary>A node that carries traffic: nothing is lost, and nothing is left of the start that broke off.</summary>
    [Theory]
    [InlineData("vxlan", "device")]
    [InlineData("vxlan", "half-round")]
    [InlineData("vxlan", "ruled")]
    [InlineData("vxlan", "before-file")]
    [InlineData("vxlan", "temporary-file:subnet.env")]
    [InlineData("vxlan", "renewed")]
    [InlineData("vxlan", "stopping")]
    [InlineData("host-gw", "half-round")]
    [InlineData("host-gw", "ruled")]
    [InlineData("host-gw", "before-file")]
    [InlineData("host-gw", "temporary-file:subnet.env")]
    [InlineData("host-gw", "renewed")]
    [InlineData("host-gw", "stopping")]
    public async Task F30_Killed_at_a_phase_a_node_converges_at_its_next_start_and_loses_no_probe(string backend, string place)
    {
        using var network = await Network.CreateAsync(backend, limitSeconds: Patience);
        var nodes = await network.StartAllAsync(Kept);
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);
        string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);
        string kernel = await nodes[0].SnapshotAsync();
        var leases = await LeasesAsync(network);

        var node = nodes[0];
        for (int time = 0; time < Times; time++)
        {
            node.Daemon.Signal(SIGKILL);
            await node.Daemon.WaitForExitAsync(network.Limit);
            int others = await PrepareAsync(network, node, backend, place);
            await DieAsync(network, place, 0, Kept);

            node = await network.StartAsync(0, Kept);
            await node.WaitForPeersAsync(1 + others);
            Assert.Equal(env, await File.ReadAllTextAsync(node.SubnetFile, network.Limit));
            foreach (string key in Enumerable.Range(0, others).Select(KeyOf))
            {
                await network.Store.DeleteAsync(key, network.Limit);
            }

            await node.WaitForPeersAsync(1);
            await Poll.UntilAsync("the kernel as before", async () => Snapshot.Difference(WithoutPeers(kernel), WithoutPeers(await node.SnapshotAsync())));
            Assert.Equal(leases, await LeasesAsync(network));
        }

        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{Times} times: {there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    /// <summary>A node that comes: it gets one subnet, and no other node notices its false starts.</summary>
    [Theory]
    [InlineData("vxlan", "granted")]
    [InlineData("vxlan", "leased")]
    [InlineData("vxlan", "device")]
    [InlineData("vxlan", "before-file")]
    [InlineData("host-gw", "granted")]
    [InlineData("host-gw", "leased")]
    [InlineData("host-gw", "before-file")]
    public async Task F30_Killed_at_its_first_start_a_node_takes_one_subnet_and_leaks_none(string backend, string place)
    {
        const string brief = "--subnet-lease-ttl=5";    // what is granted in vain ends while the test waits
        using var network = await Network.CreateAsync(backend, hosts: 3, limitSeconds: Patience);
        var first = await network.StartAsync(0);
        var second = await network.StartAsync(1);
        first.Host.AttachWorkload(first.Env);
        second.Host.AttachWorkload(second.Env);
        using var prober = await network.ProbeAsync(first, second);

        for (int time = 0; time < Times; time++)
        {
            // A key that stands is taken up, and none is made.
            foreach (var made in (await network.LeasesAsync()).Where(lease => place == "leased" && lease.Value.Contains($"\"{network.Hosts[2].Address}\"", StringComparison.Ordinal)))
            {
                await network.Store.DeleteAsync(made.Key, network.Limit);
            }

            await DieAsync(network, place, 2, brief);
        }

        var third = await network.StartAsync(2);
        foreach (var node in new[] { first, second, third })
        {
            await node.WaitForPeersAsync(2);
        }

        Assert.Equal(3, (await network.LeasesAsync()).Count);
        Assert.Contains(await network.LeasesAsync(), lease => lease.Key.EndsWith("/" + third.Env.Key, StringComparison.Ordinal));
        if (place == "granted")
        {
            await Poll.UntilAsync("the end of what was granted in vain", async () => await network.Store.LeasesWithoutKeysAsync(network.Limit) is { Count: > 0 } left ? $"{left.Count} etcd leases" : null, 30);
            Assert.Equal(3, (await network.LeasesAsync()).Count);
        }

        var workload = third.Host.AttachWorkload(third.Env);

        // A bridge takes a new port up when the kernel gets round to it, up to a second later.
        await Poll.UntilAsync("the new workload", async () => await Traffic.PingAsync(first.Host.Workload.Namespace, workload.Address) is null ? "no answer" : null, 20);
        await network.AssertAllPairsPingAsync();

        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{Times} times: {there}; {back}");
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    /// <summary>A clean-up that broke off is repeated.</summary>
    [Theory]
    [InlineData("vxlan", "kernel-cleaned")]
    [InlineData("vxlan", "file-cleaned")]
    [InlineData("vxlan", "state-cleaned:lease")]
    [InlineData("host-gw", "kernel-cleaned")]
    [InlineData("host-gw", "file-cleaned")]
    public async Task F30_Killed_in_a_cleanup_the_next_one_leaves_nothing(string backend, string place)
    {
        using var network = await Network.CreateAsync(backend, limitSeconds: Patience);
        var host = network.Hosts[0];
        string before = await Snapshot.TakeAsync(host);
        await network.StartAsync(1);
        for (int time = 0; time < Times; time++)
        {
            var node = await network.StartAsync(0);
            await node.WaitForPeersAsync(1);
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(10));
            await DieAsync(network, place, 0, "--cleanup");
            (await host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={host.Name}", $"--subnet-file={host.SubnetFile}", "--cleanup")).ThrowIfFailed();
            Snapshot.AssertSame(before, await Snapshot.TakeAsync(host));
            Assert.False(File.Exists(host.SubnetFile));
            Assert.False(Directory.Exists($"/var/lib/flannelps/{host.Name}"));
            Assert.Single(await network.LeasesAsync());
        }
    }

    /// <summary>A snapshot without the peers that the guard lets in: who left may still speak for a while.</summary>
    private static string WithoutPeers(string snapshot) => Regex.Replace(snapshot, @"elements = \{[^}]*\}", "");

    /// <summary>Starts a daemon that does not survive a place, and waits for that.</summary>
    private static async Task DieAsync(Network network, string place, int host, params IReadOnlyList<string> flags)
    {
        var node = network.LaunchUntil(place, host, flags);
        if (place == "stopping")
        {
            await node.WaitReadyAsync();
            node.Daemon.Signal(SIGTERM);
        }

        await node.Daemon.WaitForExitAsync(Network.LimitOf(60));
        Assert.True(node.Daemon.ExitCode == 128 + SIGKILL, $"{place} was not passed; the daemon ended with {node.Daemon.ExitCode}:\n{node.Daemon.Log}");
    }

    /// <summary>Gives the next start something to do at the place.</summary>
    /// <returns>How many peers came meanwhile.</returns>
    private static async Task<int> PrepareAsync(Network network, Node node, string backend, string place)
    {
        switch (place)
        {
            case "half-round":
                const int peers = 4;
                for (int peer = 0; peer < peers; peer++)
                {
                    string data = backend == "vxlan" ? $$""","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:{{peer:x2}}"}""" : "";
                    await network.Store.PutAsync(KeyOf(peer), $$"""{"PublicIP":"198.18.0.{{100 + peer}}","PublicIPv6":null,"BackendType":"{{backend}}"{{data}}}""", network.Limit);
                }

                return peers;
            case "temporary-file:subnet.env":
                File.Delete(node.SubnetFile);
                return 0;
            default:
                return 0;
        }
    }

    private static string KeyOf(int peer) => $"{Subnets}10.42.{200 + peer}.0-24";

    private static async Task<string> LeasesAsync(Network network) =>
        string.Join('\n', (await network.LeasesAsync()).Select(lease => $"{lease.Key} {lease.Lease}"));
}
