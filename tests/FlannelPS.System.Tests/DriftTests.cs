using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>What somebody does to the kernel by hand is put right.</summary>
public sealed partial class DriftTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("vxlan", "ip route del {subnet}")]
    [InlineData("host-gw", "ip route del {subnet}")]
    [InlineData("vxlan", "ip route flush root 10.42.0.0/16 proto 70")]
    [InlineData("vxlan", "ip neigh del {gateway} dev flannel.1")]
    [InlineData("vxlan", "ip neigh replace {gateway} lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent")]
    [InlineData("vxlan", "bridge fdb del {mac} dev flannel.1 dst {host} self")]
    [InlineData("vxlan", "bridge fdb replace {mac} dev flannel.1 dst 198.18.0.200 self permanent")]
    [InlineData("vxlan", "ip route replace {subnet} dev lo")]
    [InlineData("host-gw", "ip route replace {subnet} via 198.18.0.1 proto static")]
    [InlineData("host-gw", "ip route replace {subnet} via {host} dev eth0 proto 70 mtu 1000")]
    [InlineData("vxlan", "ip route replace {subnet} via {gateway} dev flannel.1 onlink proto 70 src {own}")]
    public Task F40_A_route_neighbour_or_fdb_entry_changed_by_hand_comes_back(string backend, string command) => RepairsAsync(backend, command, 2);

    [Theory]
    [InlineData("ip link del flannel.1")]
    [InlineData("ip link set flannel.1 down")]
    [InlineData("ip link set flannel.1 mtu 1300")]
    [InlineData("ip link set flannel.1 address 02:00:00:00:00:99")]
    [InlineData("ip addr flush dev flannel.1 scope global")]
    [InlineData("ip addr add 10.42.77.0/32 dev flannel.1")]
    [InlineData("ip link set flannel.1 name other0")]
    public Task F41_A_device_deleted_or_changed_by_hand_comes_back_with_the_same_mac_and_all_peers(string command) => RepairsAsync("vxlan", command, 5);

    [Fact]
    public async Task F40_A_foreign_route_put_back_a_third_time_is_left_and_ours_returns_when_it_goes()
    {
        using var network = await Network.CreateAsync();
        var nodes = await network.StartAllAsync();
        string subnet = nodes[1].Env.Subnet.ToString();
        for (int time = 1; time <= 2; time++)
        {
            await nodes[0].RunAsync("ip", "route", "replace", subnet, "dev", "lo");
            await WaitForRouteAsync(nodes[0], subnet, "dev flannel.1");
        }

        await nodes[0].RunAsync("ip", "route", "replace", subnet, "dev", "lo");
        await nodes[0].WaitForStatusAsync("kernel.failed", "contested", 5);
        Assert.Contains("dev lo", await nodes[0].RunAsync("ip", "route", "show", subnet), StringComparison.Ordinal);
        Assert.Equal("Degraded", await nodes[0].StatusAsync("state"));
        Assert.Contains((await nodes[0].RefusedAsync()).Values, reason => reason.Contains("contested", StringComparison.Ordinal));

        await nodes[0].RunAsync("ip", "route", "del", subnet, "dev", "lo");
        output.WriteLine($"back {(await WaitForRouteAsync(nodes[0], subnet, "dev flannel.1", 35)).TotalMilliseconds:F0} ms after the foreign one went");
        await nodes[0].WaitForStatusAsync("state", "Ready");
    }

    private static Task<TimeSpan> WaitForRouteAsync(Node node, string subnet, string wanted, double seconds = 2) =>
        Poll.UntilAsync($"route {subnet} {wanted}", async () => await node.RunAsync("ip", "route", "show", subnet) is var here && here.Contains(wanted, StringComparison.Ordinal) ? null : here, seconds);

    private async Task RepairsAsync(string backend, string command, double seconds)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3);
        var nodes = await network.StartAllAsync();
        string before = await WithoutIndexAsync(nodes[0]);
        string mac = backend == "vxlan" ? await nodes[1].StatusAsync("vtepMac") : "";
        string[] words = command.Replace("{subnet}", nodes[1].Env.Subnet.ToString(), StringComparison.Ordinal)
            .Replace("{own}", nodes[0].Host.Address.ToString(), StringComparison.Ordinal)
            .Replace("{gateway}", nodes[1].Env.Subnet.BaseAddress.ToString(), StringComparison.Ordinal)
            .Replace("{mac}", mac, StringComparison.Ordinal)
            .Replace("{host}", nodes[1].Host.Address.ToString(), StringComparison.Ordinal).Split(' ');
        await nodes[0].RunAsync(words[0], words[1..]);

        var took = await Poll.UntilAsync($"the state before '{command}'", async () => Snapshot.Difference(before, await WithoutIndexAsync(nodes[0])), seconds);
        output.WriteLine($"{backend}, {command}: as before when looked at {took.TotalMilliseconds:F0} ms later");
        await network.AssertAllPairsPingAsync();
    }

    // A device made anew has a new index, and with it stands elsewhere in lists.
    private static async Task<string> WithoutIndexAsync(Node node) =>
        Index().Replace(await node.SnapshotAsync(), "");

    [GeneratedRegex(@"^\d+: ", RegexOptions.Multiline)]
    private static partial Regex Index();
}
