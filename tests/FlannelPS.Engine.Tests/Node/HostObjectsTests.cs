using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>Which of a host's own objects stand in a network's way: eth0 is 2, our device 40, another network's 41, a bridge 6.</summary>
public sealed class HostObjectsTests
{
    private static readonly Link[] Links = [Named(2, "eth0"), Named(6, "docker0"), Named(40, "flannel.1"), Named(41, "flannel.2")];

    public static TheoryData<string, bool> Addresses => new()
    {
        { "192.0.2.1/24 2", false },
        { "10.5.7.1/24 2", true },
        { "10.5.0.0/32 2", true },
        { "10.0.0.9/8 2", true },
        { "10.4.255.1/16 2", false },
        { "10.5.1.1/24 6", false },         // our own subnet: the containers' bridge
        { "10.5.1.0/32 6", false },
        { "10.5.0.1/23 6", true },          // wider than it
        { "10.5.9.1/24 6", true },
        { "10.5.1.0/32 40", false },
        { "10.5.9.0/32 40", false },
        { "10.5.9.0/32 41", true },
        { "2001:db8::1/64 2", false },
        { "fd00:5:0:9::1/64 2", true },
        { "fe80::1/64 2", false },
    };

    [Theory]
    [MemberData(nameof(Addresses))]
    public void An_address_is_in_the_way_when_its_network_and_ours_meet(string text, bool expected)
    {
        var parts = text.Split('/', ' ');
        var found = Find([new(int.Parse(parts[2]), IPAddress.Parse(parts[0]), int.Parse(parts[1]), 0, 0)], []);
        Assert.Equal(expected, found.Count == 1);
        if (expected)
            Assert.Contains($"{parts[0]}/{parts[1]} on {Links.Single(link => link.Index == int.Parse(parts[2])).Name}", found[0].Text, StringComparison.Ordinal);
    }

    public static TheoryData<string, string?, int, byte, bool> Routes => new()
    {
        { "0.0.0.0/0", "192.0.2.254", 2, 3, false },
        { "192.0.2.0/24", null, 2, 2, false },
        { "10.0.0.0/8", "192.0.2.254", 2, 4, true },
        { "10.5.0.0/16", "192.0.2.254", 2, 4, true },
        { "10.5.9.0/24", null, 2, 4, true },
        { "10.5.9.0/24", null, 6, 2, false },                     // comes with an address, which is told
        { "10.5.9.0/24", "192.0.2.2", 2, 70, false },             // ours, without a tunnel
        { "10.5.9.0/24", "192.0.2.2", 2, 3, false },              // the original's
        { "10.5.9.0/24", "192.0.2.2", 2, 4, true },
        { "10.5.9.0/25", "192.0.2.2", 2, 70, true },
        { "10.5.9.0/24", "10.5.9.0", 40, 70, false },
        { "10.5.9.0/24", "10.5.9.0", 41, 70, false },
        { "10.5.200.0/24", "192.0.2.2", 2, 70, true },            // another instance's network is there
        { "10.5.1.0/24", null, 0, 70, false },                    // our blackhole
        { "10.5.2.0/24", null, 0, 4, true },
        { "fd00:5::/32", "2001:db8::2", 2, 4, true },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public void A_route_is_in_the_way_unless_it_is_ours_the_originals_or_the_default_one(string destination, string? gateway, int link, byte protocol, bool expected)
        => Assert.Equal(expected, Find([], [new(IPNetwork.Parse(destination), gateway is null ? null : IPAddress.Parse(gateway), link, false, 0, protocol)]).Count == 1);

    [Fact]
    public void Other_tables_are_nobodys_business_and_routes_by_nexthop_object_are_ours()
    {
        var route = new Route(IPNetwork.Parse("10.5.0.0/16"), null, 2, false, 0, 4);
        Assert.Single(Find([], [route]));
        Assert.Empty(Find([], [route with { Table = 100 }]));
        Assert.Empty(Find([], [route with { Destination = IPNetwork.Parse("10.5.9.0/24"), Protocol = 70, NexthopId = 5 }]));
    }

    private static IReadOnlyList<HostOverlap> Find(InterfaceAddress[] addresses, Route[] routes)
        => new HostObjects(Links, addresses, routes).Overlapping(Given.Dual(), ["flannel.1"], [IPNetwork.Parse("10.5.1.0/24"), IPNetwork.Parse("fd00:5:0:1::/64")], [IPNetwork.Parse("10.5.192.0/18")]);

    private static Link Named(int index, string name) => new(index, name, "", Link.IFF_UP, 1500, null, 0, null);
}
