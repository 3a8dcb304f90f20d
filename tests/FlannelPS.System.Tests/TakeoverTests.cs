namespace FlannelPS.SystemTests;

public sealed class TakeoverTests
{
    [Theory]
    [InlineData("vxlan")]
    [InlineData("host-gw")]
    public async Task D5_A_node_is_taken_over_from_the_original_and_given_back_without_a_lost_probe(string backend)
    {
        Requires.Flanneld();
        using var network = await Network.CreateAsync(backend);
        var fixture = await network.StartAsync(0);
        var (original, env) = await network.StartOriginalAsync(1);
        fixture.Host.AttachWorkload(fixture.Env);
        var workload = network.Hosts[1].AttachWorkload(env);
        await fixture.WaitForPeersAsync(1);
        using var prober = Prober.Start(fixture.Host.Workload, workload);
        await prober.WaitUntilFlowingAsync(network.Limit);
        prober.Restart();

        await original.StopAsync(TimeSpan.FromSeconds(10));
        var taken = await network.StartAsync(1);
        Assert.Equal(env, taken.Env);
        await taken.WaitForPeersAsync(1);
        Assert.Equal(0, await LeaveAsync(taken));

        long before = (await LeaseAsync(network, env)).ModRevision;
        var back = network.Hosts[1].StartFlanneld(network.Endpoints);
        await Poll.UntilAsync("the original's lease", async () => (await LeaseAsync(network, env)).ModRevision > before ? null : "not yet\n" + back.Log);
        await Poll.UntilAsync("the original's watch", () => back.Log.Contains("watching for new subnet leases", StringComparison.OrdinalIgnoreCase), 10, () => back.Log);
        Assert.Equal(env, SubnetEnv.Parse(await File.ReadAllTextAsync(network.Hosts[1].SubnetFile, network.Limit)));
        await Task.Delay(500, network.Limit); // it programs its peers again without a word: under traffic too

        var (there, backwards) = await prober.StopAsync();
        Assert.True(there.Lost.Count == 0 && backwards.Lost.Count == 0, $"{there}; {backwards}");
        Assert.True(there.Sent > 20, $"only {there.Sent} probes");
    }

    private static async Task<int> LeaveAsync(Node node)
    {
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        return node.Daemon.ExitCode;
    }

    private static async Task<EtcdKey> LeaseAsync(Network network, SubnetEnv env) =>
        (await network.LeasesAsync()).Single(lease => lease.Key.EndsWith("/" + env.Key, StringComparison.Ordinal));
}
