namespace FlannelPS.SystemTests.Faults;

/// <summary>Somebody floods the store.</summary>
public sealed class FloodTests(ITestOutputHelper output)
{
    private const string Subnets = Network.Prefix + "/subnets/";

    [Fact]
    public Task F69_More_keys_than_a_node_takes_in_leave_it_its_lease_and_its_peers() => FloodAsync(33_500);

    [Fact]
    public Task F69_The_same_with_100_000_keys()
    {
        Requires.Long();
        return FloodAsync(100_000);
    }

    private async Task FloodAsync(int count)
    {
        using var network = await Network.CreateAsync(limitSeconds: 300);
        var nodes = new[] { await network.StartAsync(0, "--subnet-lease-ttl=5"), await network.StartAsync(1) };
        await network.WaitForPeersAsync();
        Array.ForEach(nodes, node => node.Host.AttachWorkload(node.Env));
        var leases = (await network.LeasesAsync()).ToDictionary(lease => lease.Key);
        using var prober = await network.ProbeAsync(nodes[0], nodes[1]);

        await network.Store.PutAllAsync(Enumerable.Range(0, count).Select(number => KeyValuePair.Create($"{Subnets}zz-{number:d6}", "{")), network.Limit);
        await nodes[0].WaitForStatusAsync("state", "TooManyPeers", 60);
        await Task.Delay(7000, network.Limit); // longer than the lease lives
        Assert.Equal("Held", await nodes[0].StatusAsync("lease.phase"));
        Assert.Equal("1", await nodes[0].StatusAsync("kernel.peers"));
        foreach (var node in nodes)
        {
            var usage = node.Daemon.Usage;
            output.WriteLine($"{count} keys: {usage}");
            Assert.InRange(usage.PeakResidentBytes >> 20, 1, 200);
            Assert.InRange(node.Daemon.Log.Count(character => character == '\n'), 1, 60);
        }

        await network.Store.DeletePrefixAsync(Subnets + "zz-", network.Limit);
        await nodes[0].WaitForStatusAsync("state", "Ready", 60);
        Assert.All(await network.LeasesAsync(), lease => Assert.Equal(leases[lease.Key], lease));
        var (there, back) = await prober.StopAsync();
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }
}
