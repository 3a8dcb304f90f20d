using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Reconcile;

/// <summary>Comparing and choosing, as values: device 40 is ours, 9 the underlay, 5 somebody else's.</summary>
public sealed class StateDiffTests
{
    private const byte Ours = Route.RTPROT_FLANNELPS;
    private const byte Boot = Route.RTPROT_BOOT;
    private const byte Static = 4;
    private static readonly Ownership Own = Ownership.Of(Given.Config(), [40], 9);

    [Theory]
    [InlineData("10.5.2.0/24", "10.5.2.0", 40, true, Ours, true)]
    [InlineData("10.5.2.0/24", "10.5.2.0", 40, true, Boot, true)]
    [InlineData("10.5.2.0/24", "10.5.2.0", 40, true, Static, false)]
    [InlineData("10.5.2.0/24", "192.0.2.2", 9, false, Ours, true)]
    [InlineData("10.5.2.0/24", "192.0.2.2", 9, false, Boot, true)]
    [InlineData("10.5.2.0/24", "192.0.2.2", 9, true, Boot, false)]
    [InlineData("10.5.2.0/25", "192.0.2.2", 9, false, Boot, false)]
    [InlineData("10.5.0.0/16", "192.0.2.2", 9, false, Boot, false)]
    [InlineData("10.5.2.0/24", null, 9, false, Boot, false)]
    [InlineData("10.5.2.0/24", "192.0.2.2", 5, false, Boot, false)]
    [InlineData("10.5.2.0/24", "192.0.2.2", 9, false, Static, false)]
    [InlineData("10.6.2.0/24", "192.0.2.2", 9, false, Ours, false)]
    [InlineData("10.0.0.0/8", "192.0.2.2", 9, false, Ours, false)]
    [InlineData("0.0.0.0/0", "192.0.2.2", 9, false, Boot, false)]
    public void I4_only_what_carries_our_mark_or_is_the_originals_inside_the_network_is_ours(string destination, string? gateway, int link, bool onLink, byte protocol, bool ours)
        => Assert.Equal(ours, Own.Owns(At(destination, gateway, link, onLink, protocol)));

    [Fact]
    public void What_stands_serves_when_it_leads_the_same_way_and_the_originals_does_on_our_device_alone()
    {
        var tunnel = At("10.5.2.0/24", "10.5.2.0", 40, true, Ours);
        Assert.True(Own.Serves(tunnel, tunnel));
        Assert.True(Own.Serves(tunnel, tunnel with { Protocol = Boot }));
        Assert.False(Own.Serves(tunnel, tunnel with { Protocol = Static }));
        Assert.False(Own.Serves(tunnel, tunnel with { OnLink = false }));
        Assert.False(Own.Serves(tunnel, tunnel with { Gateway = Ip("10.5.2.1") }));
        Assert.False(Own.Serves(tunnel, tunnel with { LinkIndex = 9 }));
        Assert.False(Own.Serves(tunnel, tunnel with { NexthopId = 7 }));
        Assert.False(Own.Serves(tunnel, tunnel with { Type = Route.RTN_BLACKHOLE }));
        Assert.True(Own.Serves(tunnel with { NexthopId = 7 }, tunnel with { NexthopId = 7, Gateway = null }));
        var direct = At("10.5.2.0/24", "192.0.2.2", 9, false, Ours);
        Assert.False(Own.Serves(direct, direct with { Protocol = Boot }));
    }

    [Fact]
    public void A_moved_peer_is_replaced_and_what_only_it_needed_goes()
    {
        // L9, Q-12: the forwarding entry of the old MAC does not stay.
        var before = Plan(Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")));
        var after = Plan(Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.3", "02:00:00:00:00:03")));
        var changes = StateDiff.Of(after, before, Own);
        Assert.Equal(Given.Mac("02:00:00:00:00:02"), Assert.Single(changes.DeleteFdb).Address);
        Assert.Equal(Ip("192.0.2.3"), Assert.Single(changes.PutFdb).Destination);
        Assert.Single(changes.PutNeighbors);
        Assert.Empty(changes.PutRoutes);
        Assert.Empty(changes.DeleteRoutes);
        Assert.Equal(3, changes.Count);
    }

    [Fact]
    public void What_is_equal_is_not_touched_and_what_is_not_ours_stays()
    {
        var state = Plan(Given.Peers(50));
        Assert.Equal(0, StateDiff.Of(state, Plan(Given.Peers(50)), Own).Count);
        var present = Plan(Given.Peers(50));
        present.Routes[Net("10.5.77.0/24")] = At("10.5.77.0/24", "198.18.0.1", 5, false, Static);
        present.Routes[Net("0.0.0.0/0")] = At("0.0.0.0/0", "192.0.2.254", 9, false, Boot);
        present.Neighbors[(40, Ip("10.5.99.1"))] = new(40, Ip("10.5.99.1"), default, State: 2);
        present.Neighbors[(5, Ip("10.5.99.1"))] = new(5, Ip("10.5.99.1"), Given.OwnMac);
        present.Fdb[(5, Given.OwnMac)] = new(5, Given.OwnMac, Ip("192.0.2.9"));
        present.Nexthops[7] = new(7, Ip("192.0.2.9"), 9, false, Boot);
        Assert.Equal(0, StateDiff.Of(state, present, Own).Count);
    }

    [Fact]
    public void A_nexthop_of_ours_goes_unless_a_foreign_route_refers_to_it()
    {
        var present = new KernelState();
        present.Nexthops[70] = new(70, Ip("10.5.2.0"), 40, true, Ours);
        present.Nexthops[71] = new(71, Ip("10.5.3.0"), 40, true, Ours);
        present.Routes[Net("203.0.113.0/24")] = At("203.0.113.0/24", null, 40, false, Static) with { NexthopId = 71 };
        Assert.Equal([70u], StateDiff.Of(new(), present, Own).DeleteNexthops.Select(nexthop => nexthop.Id));
    }

    [Fact]
    public void Nexthops_begin_above_the_threshold_and_end_at_half_of_it()
    {
        Assert.Empty(Assigned(NexthopAssignment.Threshold, new()).Nexthops);
        var above = Assigned(NexthopAssignment.Threshold + 1, new());
        Assert.Equal(NexthopAssignment.Threshold + 1, above.Nexthops.Count);
        Assert.All(above.Routes.Values, route => Assert.Equal(above.Nexthops[route.NexthopId].Gateway, route.Gateway));
        Assert.NotEmpty(Assigned(NexthopAssignment.Threshold / 2 + 1, above).Nexthops);
        Assert.Empty(Assigned(NexthopAssignment.Threshold / 2, above).Nexthops);
    }

    [Fact]
    public void Ids_that_stand_are_used_again_and_those_of_others_avoided()
    {
        var first = Assigned(600, new());
        Assert.Equal(0, StateDiff.Of(Assigned(600, first), first, Own).Count);

        var crowded = new KernelState();
        for (var i = 0u; i < 600; i += 2)
            crowded.Nexthops[NexthopAssignment.FirstId + i] = new(NexthopAssignment.FirstId + i, Ip("198.18.0.1"), 5, false, Static);
        var beside = Assigned(600, crowded);
        Assert.Empty(beside.Nexthops.Keys.Intersect(crowded.Nexthops.Keys));
        Assert.Equal(600, beside.Nexthops.Keys.Distinct().Count());
        Assert.Empty(StateDiff.Of(beside, crowded, Own).DeleteNexthops);
    }

    [Fact]
    public void F40_the_third_foreign_object_within_a_minute_is_left_to_the_other_until_it_goes()
    {
        var clock = new SteppedTime();
        var log = new LogLines();
        var contest = new Contest(clock, log);
        var ours = Plan(Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")));
        var foreign = Plan(Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")));
        foreign.Routes[Net("10.5.2.0/24")] = At("10.5.2.0/24", "198.18.0.1", 5, false, Static);
        (int Puts, int Yielded) Round(KernelState present)
        {
            var changes = StateDiff.Of(ours, present, Own);
            var yielded = contest.Yield(changes, present, ours);
            return (changes.Puts, yielded.Count);
        }
        Assert.Equal((1, 0), Round(foreign));
        Assert.Equal((1, 0), Round(foreign));
        Assert.Equal((0, 1), Round(foreign));
        Assert.Equal((0, 1), Round(foreign));
        Assert.Single(log.Lines);
        // A missing object is no contest, and ends one.
        Assert.Equal((3, 0), Round(new()));
        Assert.Equal((1, 0), Round(foreign));
        clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal((1, 0), Round(foreign));
        Assert.Equal((1, 0), Round(foreign));
        Assert.Equal((0, 1), Round(foreign));
    }

    [Fact]
    public void A_notification_asks_for_a_round_only_where_it_contradicts_what_should_stand()
    {
        var state = Plan(Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")));
        state.Nexthops[70] = new(70, Ip("10.5.2.0"), 40, true, Ours);
        var standing = new Standing(state, [40], ["flannel.1"], Own);
        var (route, neighbor, entry) = (state.Routes.Values.Single(), state.Neighbors.Values.Single(), state.Fdb.Values.Single());
        var link = new Link(40, "flannel.1", "vxlan", 1, 1450, Given.OwnMac, 0, null);

        void Asks(bool asks, KernelNotification notification) => Assert.True(standing.Contradicts(notification) == asks, notification.ToString());
        Asks(false, new KernelNotification.RouteChanged(route, Removed: false));
        Asks(true, new KernelNotification.RouteChanged(route, Removed: true));
        Asks(true, new KernelNotification.RouteChanged(route with { Gateway = Ip("10.5.2.1") }, Removed: false));
        Asks(false, new KernelNotification.RouteChanged(route with { Gateway = Ip("10.5.2.1") }, Removed: true));
        Asks(false, new KernelNotification.RouteChanged(route with { Table = 100 }, Removed: true));
        Asks(true, new KernelNotification.RouteChanged(route with { Destination = Net("10.5.9.0/24") }, Removed: false));
        Asks(false, new KernelNotification.RouteChanged(route with { Destination = Net("10.5.9.0/24") }, Removed: true));
        Asks(false, new KernelNotification.RouteChanged(At("203.0.113.0/24", "192.0.2.9", 9, false, Boot), Removed: false));
        Asks(false, new KernelNotification.NeighborChanged(neighbor, false));
        Asks(true, new KernelNotification.NeighborChanged(neighbor, true));
        Asks(true, new KernelNotification.NeighborChanged(neighbor with { LinkLayerAddress = Given.OwnMac }, false));
        Asks(true, new KernelNotification.NeighborChanged(neighbor with { State = 2 }, false));
        Asks(false, new KernelNotification.NeighborChanged(neighbor with { Address = Ip("10.5.2.9"), State = 2 }, false));
        Asks(false, new KernelNotification.NeighborChanged(neighbor with { LinkIndex = 5 }, true));
        Asks(false, new KernelNotification.FdbChanged(entry, false));
        Asks(true, new KernelNotification.FdbChanged(entry, true));
        Asks(true, new KernelNotification.FdbChanged(entry with { Destination = Ip("192.0.2.9") }, false));
        Asks(true, new KernelNotification.FdbChanged(entry with { Address = Given.OwnMac }, false));
        Asks(false, new KernelNotification.NexthopChanged(state.Nexthops[70], false));
        Asks(true, new KernelNotification.NexthopChanged(state.Nexthops[70], true));
        Asks(false, new KernelNotification.NexthopChanged(new(71, Ip("192.0.2.9"), 9, false, Boot), false));
        Asks(true, new KernelNotification.LinkChanged(link, true));
        Asks(true, new KernelNotification.LinkChanged(link with { Index = 41 }, false));
        Asks(false, new KernelNotification.LinkChanged(link with { Index = 5, Name = "eth5" }, true));
        Asks(true, new KernelNotification.AddressChanged(new(40, Ip("10.5.1.0"), 32, 0, 0), true));
        Asks(true, new KernelNotification.Overrun());
    }

    private static KernelState Assigned(int peers, KernelState present)
    {
        var wanted = Plan(Given.Peers(peers));
        NexthopAssignment.Assign(wanted, present);
        return wanted;
    }

    private static KernelState Plan(Engine.Leases.LeaseTable table)
    {
        var state = new KernelState();
        var backend = BackendRegistry.Create(Given.Config());
        foreach (var lease in table.Leases.Values)
            backend.PlanPeer(lease, Given.Node, [40], state);
        return state;
    }

    private static Route At(string destination, string? gateway, int link, bool onLink, byte protocol)
        => new(Net(destination), gateway is null ? null : Ip(gateway), link, onLink, 0, protocol);

    private static IPAddress Ip(string text) => IPAddress.Parse(text);

    private static IPNetwork Net(string text) => IPNetwork.Parse(text);
}
