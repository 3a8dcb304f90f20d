using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Tests.Netlink;

public sealed partial class RouteSocketTests : IDisposable
{
    private static readonly MacAddress Mac = new(0x0226_b1c2_d3e4);

    private readonly TestNamespace _namespace = TestNamespace.Create();
    private readonly RouteSocket _socket;
    private readonly int _underlay;

    public RouteSocketTests()
    {
        _socket = _namespace.Run(() => new RouteSocket());
        _underlay = _socket.FindLink("eth9")!.Index;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _namespace.Dispose();
    }

    private int CreateVxlan(bool v6 = false)
    {
        var local = IPAddress.Parse(v6 ? "2001:db8::1" : "192.0.2.1");
        _socket.Execute(LinkRequest.CreateVxlan(v6 ? "flannel-v6.1" : "flannel.1", 1400, Mac, new(1, _underlay, local, null, 0, false, false), 0));
        var index = _socket.FindLink(v6 ? "flannel-v6.1" : "flannel.1")!.Index;
        _socket.Execute(LinkRequest.SetUp(index));
        return index;
    }

    [Fact]
    public void A_table_that_no_route_has_come_into_yet_is_empty()
    {
        Assert.Empty(_socket.DumpRoutes(AddressFamily.InterNetwork, table: 4242));
        Assert.Empty(_socket.DumpRoutes(AddressFamily.InterNetworkV6, table: 4242));
    }

    [Theory]
    [InlineData("192.0.2.1", 0, false, false)]
    [InlineData("192.0.2.1", 4789, true, true)]
    [InlineData("2001:db8::1", 0, false, false)]
    [InlineData("2001:db8::1", 8473, true, false)]
    public void A_vxlan_device_is_made_as_asked_and_ip_sees_the_same(string local, int port, bool learning, bool gbp)
    {
        var info = new VxlanInfo(77, _underlay, IPAddress.Parse(local), null, (ushort)port, learning, gbp);
        _socket.Execute(LinkRequest.CreateVxlan("flannel.77", 1400, Mac, info, 0));

        var link = _socket.FindLink("flannel.77");
        Assert.Equal(new Link(link!.Index, "flannel.77", "vxlan", link.Flags, 1400, Mac, 0, info with { Port = port == 0 ? (ushort)8472 : (ushort)port }), link);
        Assert.False(link.IsUp);
        Assert.Equal(link, _socket.FindLink(link.Index));
        Assert.Contains(link, _socket.DumpLinks());

        using var json = JsonDocument.Parse(_namespace.Ip("-d", "-j", "link", "show", "flannel.77"));
        var seen = json.RootElement[0];
        var data = seen.GetProperty("linkinfo").GetProperty("info_data");
        Assert.Equal(1400, seen.GetProperty("mtu").GetInt32());
        Assert.Equal(Mac.ToString(), seen.GetProperty("address").GetString());
        Assert.Equal("noqueue", seen.GetProperty("qdisc").GetString()!.Replace("noop", "noqueue", StringComparison.Ordinal));
        Assert.False(seen.TryGetProperty("txqlen", out var txqlen) && txqlen.GetInt32() != 0);
        Assert.Equal(77, data.GetProperty("id").GetInt32());
        Assert.Equal("eth9", data.GetProperty("link").GetString());
        Assert.Equal(local, data.GetProperty(local.Contains(':') ? "local6" : "local").GetString());
        Assert.Equal(port == 0 ? 8472 : port, data.GetProperty("port").GetInt32());
        Assert.Equal(learning, data.GetProperty("learning").GetBoolean());
        Assert.Equal(gbp, data.TryGetProperty("gbp", out _));
        Assert.True(data.GetProperty("udp_csum").GetBoolean());
        foreach (var off in (string[])["proxy", "rsc", "l2miss", "l3miss", "udp_zero_csum6_tx", "udp_zero_csum6_rx"])
            Assert.False(data.TryGetProperty(off, out var value) && value.GetBoolean(), off);
    }

    [Fact]
    public void A_device_is_changed_in_place_and_removed()
    {
        var index = CreateVxlan();
        Assert.True(_socket.FindLink(index)!.IsUp);
        var other = new MacAddress(0x0a00_0000_0001);
        Assert.Empty(_socket.Execute([LinkRequest.SetMtu(index, 1300), LinkRequest.SetAddress(index, other), LinkRequest.SetTxQueueLength(index, 9), LinkRequest.SetDown(index), LinkRequest.SetName(index, "flannel.2")]));
        var link = _socket.FindLink("flannel.2")!;
        Assert.Equal((index, 1300, other, 9u, false), (link.Index, link.Mtu, link.Address, link.TxQueueLength, link.IsUp));
        _socket.Execute(LinkRequest.Delete(index));
        Assert.Null(_socket.FindLink(index));
        Assert.Null(_socket.FindLink("flannel.2"));
        Assert.True(Assert.Single(_socket.Execute([LinkRequest.Delete(index)])).IsAlreadyDone);
    }

    [Theory]
    [InlineData("10.5.2.0", 32)]
    [InlineData("2001:db8:5:2::", 128)]
    public void Addresses_are_put_read_and_removed(string text, int length)
    {
        var index = CreateVxlan();
        var address = new InterfaceAddress(index, IPAddress.Parse(text), length, 0, 0);
        _socket.Execute(AddressRequest.Add(address));
        Assert.Empty(_socket.Execute([AddressRequest.Replace(address)]));
        Assert.True(Assert.Single(_socket.Execute([AddressRequest.Add(address)])).IsAlreadyDone);

        var found = Assert.Single(_socket.DumpAddresses(address.Address.AddressFamily, index), found => found.Scope == 0);
        Assert.Equal(address, found with { Flags = 0 });
        Assert.Contains(found, _socket.DumpAddresses());
        Assert.Contains($"{text}/{length}", _namespace.Ip("-o", "addr", "show", "dev", "flannel.1"), StringComparison.Ordinal);

        _socket.Execute(AddressRequest.Delete(found));
        Assert.DoesNotContain(_socket.DumpAddresses(null, index), found => found.Address.Equals(address.Address));
        Assert.True(Assert.Single(_socket.Execute([AddressRequest.Delete(found)])).IsAlreadyDone);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thousand_peers_read_back_as_they_were_put_and_go_again(bool v6)
    {
        var index = CreateVxlan(v6);
        var family = v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var peers = Enumerable.Range(1, 1000).Select(i => Peer.Create(i, index, v6)).ToArray();
        Assert.Empty(_socket.Execute(peers.SelectMany(peer => peer.Put())));
        Assert.Empty(_socket.Execute(peers.SelectMany(peer => peer.Put())));

        Assert.Equal(peers.Select(peer => peer.Route).ToHashSet(), _socket.DumpRoutes(family, index, protocol: Route.RTPROT_FLANNELPS).ToHashSet());
        Assert.Equal(peers.Select(peer => peer.Nexthop).ToHashSet(), _socket.DumpNexthops(Route.RTPROT_FLANNELPS).ToHashSet());
        Assert.Equal(peers.Select(peer => peer.Neighbor).ToHashSet(), _socket.DumpNeighbors(family, index).Where(n => n.State == Neighbor.NUD_PERMANENT).ToHashSet());
        Assert.Equal(peers.Select(peer => peer.Fdb).ToHashSet(), _socket.DumpFdb(index).ToHashSet());
        Assert.Contains($"{peers[6].Neighbor.Address} ", _namespace.Ip(v6 ? "-6" : "-4", "neigh", "show", "dev", v6 ? "flannel-v6.1" : "flannel.1"), StringComparison.Ordinal);
        Assert.Contains($"{peers[6].Fdb.Address} dst {peers[6].Fdb.Destination} self permanent", _namespace.Bridge("fdb", "show", "dev", v6 ? "flannel-v6.1" : "flannel.1"), StringComparison.Ordinal);

        Assert.Empty(_socket.Execute(peers.SelectMany(peer => peer.Delete())));
        Assert.Empty(_socket.DumpRoutes(family, index, protocol: Route.RTPROT_FLANNELPS));
        Assert.Empty(_socket.DumpNexthops());
        Assert.DoesNotContain(_socket.DumpNeighbors(family, index), n => n.State == Neighbor.NUD_PERMANENT);
        Assert.Empty(_socket.DumpFdb(index));
        var again = _socket.Execute(peers.SelectMany(peer => peer.Delete()));
        Assert.Equal(4000, again.Count);
        Assert.All(again, failure => Assert.True(failure.IsAlreadyDone, failure.ToString()));
    }

    [Theory]
    [InlineData("10.5.2.0/24", "10.5.2.0", 0u)]
    [InlineData("2001:db8:5:2::/64", "2001:db8:5:2::", 1024u)]
    public void An_onlink_route_as_the_original_sets_it_is_read_back(string destination, string gateway, uint priority)
    {
        var index = CreateVxlan();
        var route = new Route(IPNetwork.Parse(destination), IPAddress.Parse(gateway), index, true, 0, Route.RTPROT_BOOT, Priority: priority);
        _socket.Execute(RouteRequest.Replace(route));
        Assert.Contains(route, _socket.DumpRoutes(route.Destination.BaseAddress.AddressFamily, index));
        Assert.Contains("onlink", _namespace.Ip(priority == 0 ? "-4" : "-6", "route", "show", destination), StringComparison.Ordinal);

        // Another protocol is another route: it stays.
        Assert.True(Assert.Single(_socket.Execute([RouteRequest.Delete(route with { Protocol = 0x47 })])).IsAlreadyDone);
        _socket.Execute(RouteRequest.Delete(route));
        Assert.DoesNotContain(route, _socket.DumpRoutes(route.Destination.BaseAddress.AddressFamily));
    }

    [Theory]
    [InlineData("10.5.2.0/24", "10.5.2.0")]
    [InlineData("2001:db8:5:2::/64", "2001:db8:5:2::")]
    public void F40_A_route_that_somebody_gave_an_MTU_is_another_one_and_a_replace_takes_it_off(string destination, string gateway)
    {
        var index = CreateVxlan();
        var route = new Route(IPNetwork.Parse(destination), IPAddress.Parse(gateway), index, true, 0, Route.RTPROT_FLANNELPS, Priority: destination.Contains(':') ? 1024u : 0);
        var family = route.Destination.BaseAddress.AddressFamily;
        _namespace.Ip(destination.Contains(':') ? "-6" : "-4", "route", "add", destination, "via", gateway, "dev", "flannel.1", "onlink", "proto", "70", "mtu", "1000");
        Assert.Contains(route with { IsAdorned = true }, _socket.DumpRoutes(family, index));
        _socket.Execute(RouteRequest.Replace(route));
        Assert.Equal(route, Assert.Single(_socket.DumpRoutes(family, index), found => found.Destination == route.Destination));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_plain_route_becomes_one_by_nexthop_and_back_without_a_second_beside_it(bool v6)
    {
        var index = CreateVxlan(v6);
        var peer = Peer.Create(7, index, v6);
        var family = peer.Nexthop.Gateway.AddressFamily;
        var plain = peer.Route with { NexthopId = 0, Protocol = Route.RTPROT_BOOT };
        foreach (var route in (Route[])[plain, peer.Route, plain])
        {
            Assert.Empty(_socket.Execute([NexthopRequest.Replace(peer.Nexthop), RouteRequest.Replace(route)]));
            Assert.Equal(route, Assert.Single(_socket.DumpRoutes(family, index), found => found.Destination == route.Destination));
        }
        // The one by nexthop is not what stands there now: deleting it leaves the plain one.
        Assert.True(Assert.Single(_socket.Execute([RouteRequest.Delete(peer.Route)])).IsAlreadyDone);
        Assert.Contains(plain, _socket.DumpRoutes(family, index));
    }

    [Theory]
    [InlineData("10.9.0.0/16", 0u, 254u)]
    [InlineData("2001:db8:9::/48", 1024u, 254u)]
    [InlineData("10.9.0.0/16", 7u, 1000u)]
    public void A_blackhole_is_read_back(string destination, uint priority, uint table)
    {
        var route = new Route(IPNetwork.Parse(destination), null, 0, false, 0, Route.RTPROT_FLANNELPS, table, priority, Type: Route.RTN_BLACKHOLE);
        _socket.Execute(RouteRequest.Add(route));
        Assert.Equal(route, Assert.Single(_socket.DumpRoutes(route.Destination.BaseAddress.AddressFamily, table: table, protocol: Route.RTPROT_FLANNELPS)));
        _socket.Execute(RouteRequest.Delete(route));
        Assert.Empty(_socket.DumpRoutes(route.Destination.BaseAddress.AddressFamily, table: table, protocol: Route.RTPROT_FLANNELPS));
    }

    [Fact]
    public void A_route_of_several_next_hops_shows_without_device()
    {
        _namespace.Ip("route", "add", "10.7.0.0/16", "nexthop", "via", "192.0.2.7", "dev", "eth9", "nexthop", "via", "192.0.2.8", "dev", "eth9");
        foreach (var filter in (int[])[0, _underlay])
        {
            var route = Assert.Single(_socket.DumpRoutes(AddressFamily.InterNetwork, filter), route => route.Destination == IPNetwork.Parse("10.7.0.0/16"));
            Assert.Equal((0, null), (route.LinkIndex, route.Gateway));
        }
    }

    [Fact]
    public void A_nexthop_without_gateway_shows_that_its_id_is_taken()
    {
        _namespace.Ip("nexthop", "add", "id", "5", "blackhole");
        Assert.Equal((5u, IPAddress.Any), Assert.Single(_socket.DumpNexthops().Select(nexthop => (nexthop.Id, nexthop.Gateway))));
        Assert.Empty(_socket.DumpNexthops(Route.RTPROT_FLANNELPS));
        Assert.True(Assert.Single(_socket.Execute([NexthopRequest.Add(new(5, IPAddress.Parse("192.0.2.9"), _underlay, true, 0x46))])).IsAlreadyDone);
    }

    [Fact]
    public void The_way_to_a_destination_is_told()
    {
        _namespace.Ip("route", "add", "default", "via", "192.0.2.254");
        _namespace.Ip("-6", "route", "add", "2001:db8:1::/48", "via", "2001:db8::fe");
        _namespace.Ip("route", "add", "blackhole", "198.18.0.0/24");
        _namespace.Ip("route", "add", "unreachable", "198.18.1.0/24");
        Assert.Equal(new RouteLookup(_underlay, null, IPAddress.Parse("192.0.2.1"), 1), _socket.Lookup(IPAddress.Parse("192.0.2.9")));
        Assert.Equal(new RouteLookup(_underlay, IPAddress.Parse("192.0.2.254"), IPAddress.Parse("192.0.2.1"), 1), _socket.Lookup(IPAddress.Parse("198.18.9.9")));
        Assert.Equal(new RouteLookup(_underlay, IPAddress.Parse("2001:db8::fe"), IPAddress.Parse("2001:db8::1"), 1), _socket.Lookup(IPAddress.Parse("2001:db8:1::9")));
        Assert.Equal((byte)2, _socket.Lookup(IPAddress.Parse("192.0.2.1"))!.Value.Type);
        Assert.Null(_socket.Lookup(IPAddress.Parse("198.18.0.1")));
        Assert.Null(_socket.Lookup(IPAddress.Parse("198.18.1.1")));
        Assert.Null(_socket.Lookup(IPAddress.Parse("2001:db8:ffff::1")));
    }

    private static Route Onlink(string destination, int index)
        => new(IPNetwork.Parse(destination), IPNetwork.Parse(destination).BaseAddress, index, true, 0, Route.RTPROT_BOOT);
}
