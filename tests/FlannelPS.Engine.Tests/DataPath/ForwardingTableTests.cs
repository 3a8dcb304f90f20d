using System.Net;
using FlannelPS.Engine.DataPath;

namespace FlannelPS.Engine.Tests.DataPath;

public sealed class ForwardingTableTests
{
    [Fact]
    public void The_longest_prefix_wins_whatever_the_order()
    {
        TunnelRoute[] routes = [Route("10.5.0.0/16", "192.0.2.1"), Route("10.5.2.0/24", "192.0.2.2"), Route("10.5.2.128/25", "192.0.2.3"), Route("10.5.2.129/32", "192.0.2.4")];
        foreach (var order in (TunnelRoute[][])[routes, [.. routes.Reverse()]])
        {
            var table = Table(order);
            Assert.Equal((uint)Number("192.0.2.1"), table.V4.HostOf(Number("10.5.9.9")));
            Assert.Equal((uint)Number("192.0.2.2"), table.V4.HostOf(Number("10.5.2.9")));
            Assert.Equal((uint)Number("192.0.2.3"), table.V4.HostOf(Number("10.5.2.200")));
            Assert.Equal((uint)Number("192.0.2.4"), table.V4.HostOf(Number("10.5.2.129")));
            Assert.Equal(0u, table.V4.HostOf(Number("10.6.0.1")));
        }
    }

    [Fact]
    public void Peers_and_our_own_subnet_are_known_by_address()
    {
        var table = Table(Route("10.5.2.0/24", "192.0.2.2"));
        Assert.True(table.IsPeer((uint)Number("192.0.2.2")));
        Assert.False(table.IsPeer((uint)Number("192.0.2.3")));
        Assert.False(table.IsPeer(0));
        Assert.True(table.V4.IsOurs(Number("10.5.1.255")));
        Assert.False(table.V4.IsOurs(Number("10.5.2.0")));
        Assert.Equal(Number("10.5.1.0"), table.V4.OwnAddress);
        Assert.False(Table().IsPeer((uint)Number("192.0.2.2")));
        Assert.Equal(0u, Table().V4.HostOf(Number("10.5.2.1")));
    }

    [Fact]
    public void Thousands_of_subnets_are_each_found()
    {
        var routes = Enumerable.Range(0, 16_000).Select(i => Route($"10.{i / 256}.{i % 256}.0/24", $"172.{16 + i / 65536}.{i / 256 % 256}.{i % 256}")).ToArray();
        var table = Table(routes);
        foreach (var route in routes)
        {
            Assert.Equal((uint)ForwardingTable.Number(route.Host), table.V4.HostOf(ForwardingTable.Number(route.Subnet.BaseAddress) + 77));
            Assert.True(table.IsPeer((uint)ForwardingTable.Number(route.Host)));
        }
        Assert.Equal(0u, table.V4.HostOf(Number("11.0.0.1")));
    }

    [Fact]
    public void IPv6_has_a_half_of_its_own_with_the_longest_prefix_too()
    {
        var table = DualTable(Route("fd00:5:0:2::/64", "192.0.2.2"), Route("fd00:5:0:2:8000::/65", "192.0.2.3"), Route("fd00:5:0:2:8000::1/128", "192.0.2.4"), Route("10.5.2.0/24", "192.0.2.5"));
        Assert.Equal((uint)Number("192.0.2.2"), table.V6!.HostOf(Number("fd00:5:0:2::9")));
        Assert.Equal((uint)Number("192.0.2.3"), table.V6.HostOf(Number("fd00:5:0:2:9000::9")));
        Assert.Equal((uint)Number("192.0.2.4"), table.V6.HostOf(Number("fd00:5:0:2:8000::1")));
        Assert.Equal((uint)Number("192.0.2.5"), table.V4.HostOf(Number("10.5.2.1")));
        foreach (var strange in (string[])["fd00:5:0:3::1", "::10.5.2.1", "::ffff:10.5.2.1", "::"])
            Assert.Equal(0u, table.V6.HostOf(Number(strange)));
        Assert.True(table.V6.IsOurs(Number("fd00:5:0:1:ffff::")));
        Assert.False(table.V6.IsOurs(Number("fd00:5:0:2::")));
        Assert.Equal(Number("fd00:5:0:1::"), table.V6.OwnAddress);
        Assert.True(table.IsPeer((uint)Number("192.0.2.3")));
        Assert.Null(Table(Route("fd00:5:0:2::/64", "192.0.2.2")).V6);

        var routes = Enumerable.Range(0, 16_000).Select(i => Route($"fd00:5:0:{i + 16:x}::/64", $"172.{16 + i / 65536}.{i / 256 % 256}.{i % 256}")).ToArray();
        var large = DualTable(routes);
        Assert.All(routes, route => Assert.Equal((uint)ForwardingTable.Number(route.Host), large.V6!.HostOf(ForwardingTable.Number(route.Subnet.BaseAddress) + 77)));
    }

    internal static ForwardingTable DualTable(params TunnelRoute[] routes) => new(IPNetwork.Parse("10.5.1.0/24"), 1472, routes, IPNetwork.Parse("fd00:5:0:1::/64"));

    internal static ForwardingTable Table(params TunnelRoute[] routes) => new(IPNetwork.Parse("10.5.1.0/24"), 1472, routes);

    internal static TunnelRoute Route(string subnet, string host) => new(IPNetwork.Parse(subnet), IPAddress.Parse(host));

    private static UInt128 Number(string address) => ForwardingTable.Number(IPAddress.Parse(address));
}
