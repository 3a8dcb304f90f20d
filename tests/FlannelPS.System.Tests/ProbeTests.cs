using System.Text.Json;

namespace FlannelPS.SystemTests;

/// <summary>What the nodes' own probes say of the way to the peers, in health and with each kind of fault on the way.</summary>
public sealed class ProbeTests(ITestOutputHelper output)
{
    private const double Told = 15;

    [Theory]
    [InlineData("vxlan", 1450)]
    [InlineData("udp", 1472)]
    [InlineData("host-gw", 1500)]
    public async Task Each_peer_is_shown_with_its_round_trip_its_MTU_and_who_it_is(string backend, int mtu)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3, store: "local");
        var nodes = await network.StartAllAsync();
        foreach (var node in nodes)
        {
            await WaitAsync(node, 2, "Reachable");
            await Poll.UntilAsync("each peer heard", async () => (await ReachAsync(node)).All(reach => reach.TryGetProperty("lastHeard", out _)) ? null : (await node.AskAsync("peers")).ToString(), Told);
            foreach (var reach in await ReachAsync(node))
            {
                Assert.Equal((mtu, 0.0, Environment.MachineName), (reach.GetProperty("workingMtu").GetInt32(), reach.GetProperty("lossLastMinute").GetDouble(), reach.GetProperty("hostName").GetString()));
                Assert.InRange(reach.GetProperty("roundTripMilliseconds").GetDouble(), 0.001, 1000);
                Assert.NotEqual("", reach.GetProperty("version").GetString());
            }

            Assert.Equal(("Ready", "[]"), (await node.StatusAsync("state"), await node.StatusAsync("causes")));
        }
    }

    [Fact]
    public async Task Without_probes_a_node_asks_nobody_and_says_so()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync("--probe=false");
        await Task.Delay(4000, network.Limit);
        Assert.Equal("False", await nodes[0].StatusAsync("probes.on"));
        Assert.Empty(await ReachAsync(nodes[0]));
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("udp")]
    [InlineData("host-gw")]
    public async Task F75_I8_A_peer_that_is_cut_off_is_named_and_so_is_its_return(string backend)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3, store: "local");
        var nodes = await network.StartAllAsync();
        await WaitAsync(nodes[0], 2, "Reachable");
        await network.Underlay.Bridge.RunAsync("ip", "link", "set", "p3", "down");
        var named = await WaitAsync(nodes[0], 1, "Unreachable");
        Assert.Equal(("PeerUnreachable", "True"), (await nodes[0].StatusAsync("state"), await nodes[0].StatusAsync("ready"))); // another host's fault does not make this one unready
        Assert.Contains($"Peers: 1 cannot be reached, such as: {nodes[2].Env.Subnet} is Unreachable", await nodes[0].StatusAsync("causes"), StringComparison.Ordinal);
        Assert.Contains($"Peer {nodes[2].Env.Subnet} is Unreachable", nodes[0].Daemon.Log, StringComparison.Ordinal);
        await network.Underlay.Bridge.RunAsync("ip", "link", "set", "p3", "up");
        var healed = await nodes[0].WaitForStatusAsync("state", "Ready", Told);
        Assert.Contains($"Peer {nodes[2].Env.Subnet} is reachable again", nodes[0].Daemon.Log, StringComparison.Ordinal);
        output.WriteLine($"{backend}: named after {named.TotalSeconds:F1} s, well after {healed.TotalSeconds:F1} s");
    }

    [Fact]
    public async Task F75_I8_A_way_that_is_cut_in_one_direction_is_named_on_the_side_that_can_tell()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync();
        await WaitAsync(nodes[0], 1, "Reachable");
        await WaitAsync(nodes[1], 1, "Reachable");
        await DropAsync(nodes[1].Host.Namespace, "inet", "input", "udp dport 8472");
        await WaitAsync(nodes[0], 1, "OneWay");
        await WaitAsync(nodes[1], 1, "Unreachable"); // nothing at all reaches it: it cannot tell
        await nodes[1].RunAsync("nft", "delete", "table", "inet", "fault");
        await nodes[0].WaitForStatusAsync("state", "Ready", Told);
        await nodes[1].WaitForStatusAsync("state", "Ready", Told);
    }

    [Fact]
    public async Task F75_I8_A_black_hole_for_long_packets_is_named_with_the_length_that_passes()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync();
        await WaitAsync(nodes[0], 1, "Reachable");
        await DropAsync(network.Underlay.Bridge, "bridge", "forward", "ip length > 1400");
        await WaitAsync(nodes[0], 1, "MtuLimited");
        await Poll.UntilAsync("the length", async () => (await ReachAsync(nodes[0]))[0].TryGetProperty("workingMtu", out var mtu) && mtu.GetInt32() == 1350 ? null : (await ReachAsync(nodes[0]))[0].ToString(), 20);
        Assert.Equal("Ready", await nodes[0].StatusAsync("state")); // it can be reached, if not by everything
        (await network.Underlay.Bridge.RunAsync("nft", "delete", "table", "bridge", "fault")).ThrowIfFailed();
        await WaitAsync(nodes[0], 1, "Reachable");
    }

    [Fact]
    public async Task F75_Loss_duplicates_and_delay_are_told_and_change_no_state_to_and_fro()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync();
        await WaitAsync(nodes[0], 1, "Reachable");
        await DropAsync(network.Underlay.Bridge, "bridge", "forward", "udp dport 8472 numgen random mod 100 < 20");
        await WaitAsync(nodes[0], 1, "Lossy", 60);
        await Task.Delay(15_000, network.Limit);
        (await network.Underlay.Bridge.RunAsync("nft", "delete", "table", "bridge", "fault")).ThrowIfFailed();
        var loss = (await ReachAsync(nodes[0]))[0].GetProperty("lossLastHour").GetDouble();
        output.WriteLine($"lost {loss:P0} of what two ways through 20 % each lose (36 %)");
        Assert.InRange(loss, 0.05, 0.7);
        await WaitAsync(nodes[0], 1, "Reachable", 60);
        Assert.DoesNotContain("Unreachable", nodes[0].Daemon.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("MtuLimited", nodes[0].Daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task D5_A_peer_with_the_original_is_probed_by_what_it_answers_and_sends_none_itself()
    {
        Requires.Flanneld();
        using var network = await Network.CreateAsync();
        var node = await network.StartAsync(0);
        await network.StartOriginalAsync(1);
        await node.WaitForPeersAsync(1);
        await WaitAsync(node, 1, "Reachable");
        await Task.Delay(4000, network.Limit);
        var reach = Assert.Single(await ReachAsync(node));
        Assert.Equal(("", "", false), (reach.GetProperty("version").GetString(), reach.GetProperty("hostName").GetString(), reach.TryGetProperty("lastHeard", out _)));
    }

    [Fact]
    public async Task F41_Probes_go_on_when_the_device_is_made_anew()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync();
        await WaitAsync(nodes[0], 1, "Reachable");
        await nodes[0].RunAsync("ip", "link", "del", "flannel.1");
        await Task.Delay(3000, network.Limit);
        await WaitAsync(nodes[0], 1, "Reachable");
        var answer = (await ReachAsync(nodes[0]))[0].GetProperty("lastAnswer").GetDateTimeOffset();
        await Poll.UntilAsync("a new answer", async () => (await ReachAsync(nodes[0]))[0].GetProperty("lastAnswer").GetDateTimeOffset() > answer.AddSeconds(1) ? null : answer.ToString(), Told);
    }

    private static async Task DropAsync(NetworkNamespace place, string family, string hook, string what) =>
        (await place.RunAsync("nft", $"add table {family} fault; add chain {family} fault c {{ type filter hook {hook} priority -300; }}; add rule {family} fault c {what} drop")).ThrowIfFailed();

    private static Task<TimeSpan> WaitAsync(Node node, int count, string state, double seconds = Told) =>
        Poll.UntilAsync($"{node.Host.Name}: {count} peers {state}", async () =>
            (await ReachAsync(node)).Count(reach => reach.GetProperty("state").GetString() == state) == count ? null : (await node.AskAsync("peers")).ToString(), seconds);

    private static async Task<List<JsonElement>> ReachAsync(Node node) =>
        [.. (await node.AskAsync("peers")).EnumerateArray().Select(peer => peer.TryGetProperty("reach", out var reach) ? reach : default).Where(reach => reach.ValueKind == JsonValueKind.Object)];
}
