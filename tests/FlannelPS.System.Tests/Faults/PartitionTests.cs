namespace FlannelPS.SystemTests.Faults;

/// <summary>A node reaches the store and not its peers, or its peers and not the store.</summary>
public sealed class PartitionTests
{
    [Fact]
    public async Task F76_A_node_that_reaches_the_store_and_no_peer_keeps_its_routes_and_its_peers_theirs()
    {
        using var network = await Network.CreateAsync(hosts: 3);
        var nodes = await network.StartAllAsync("--subnet-lease-ttl=5");
        string[] before = [await nodes[0].SnapshotAsync(), await nodes[1].SnapshotAsync()];
        var leases = await network.LeasesAsync();

        // An isolated port reaches the bridge, where the store is, and no other isolated one.
        await IsolateAsync(network, true);
        await AssertUnreachableAsync(nodes[0], nodes[1]);
        await Task.Delay(7000, network.Limit); // longer than a lease lives
        Assert.All(nodes, node => Assert.False(node.Daemon.HasEnded));
        Snapshot.AssertSame(before[0], await nodes[0].SnapshotAsync());
        Snapshot.AssertSame(before[1], await nodes[1].SnapshotAsync());
        Assert.Equal(leases, await network.LeasesAsync());
        Assert.Equal("", await nodes[0].StatusAsync("store.problem"));
        await nodes[0].WaitForStatusAsync("state", "PeerUnreachable", 15);

        await IsolateAsync(network, false);
        // The kernel asks for a neighbor that it has given up once a second.
        await Task.WhenAll(nodes.Select(node => node.WaitForStatusAsync("state", "Ready", 15)));
        await network.AssertAllPairsPingAsync();
    }

    [Fact]
    public async Task F76_F02_A_node_that_reaches_its_peers_and_not_the_store_says_StoreUnreachable_and_loses_nothing()
    {
        using var network = await Network.CreateAsync();
        await using var relay = network.NewRelay();
        var (node, peer) = await network.StartBehindAsync(relay);
        using var prober = await network.ProbeAsync(node, peer);

        relay.Cut();
        await node.WaitForStatusAsync("state", "StoreUnreachable", 30);
        Assert.Equal("Ready", await peer.StatusAsync("state"));
        await Task.Delay(2000, network.Limit);
        relay.Join();
        await node.WaitForStatusAsync("state", "Ready", 30);
        var (there, back) = await prober.StopAsync();
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}");
    }

    private static async Task IsolateAsync(Network network, bool on)
    {
        foreach (var host in network.Hosts)
        {
            (await network.Underlay.Bridge.RunAsync("bridge", "link", "set", "dev", $"p{host.Number}", "isolated", on ? "on" : "off")).ThrowIfFailed();
        }
    }

    private static async Task AssertUnreachableAsync(Node from, Node to) =>
        Assert.False((await from.Host.Workload.Namespace.RunAsync("ping", "-c", "1", "-W", "1", to.Host.Workload.Address.ToString())).Succeeded, "the partition lets a ping through");
}
