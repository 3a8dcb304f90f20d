using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Tests.Leases;
using static FlannelPS.Engine.Netlink.KernelNotification;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>What counts as a change of the way to other hosts, and what is said of it.</summary>
public sealed class UnderlayFollowerTests
{
    private static readonly Link Eth0 = new(2, "eth0", "", Link.IFF_UP, 1500, null, 1000, null);
    private static readonly ExternalInterface Used = new(Eth0, IPAddress.Parse("192.0.2.1"), null, IPAddress.Parse("192.0.2.1"), null, 1500);
    private static readonly Route Default = new(new(IPAddress.Any, 0), IPAddress.Parse("192.0.2.254"), 2, false, 0, 3);

    public static TheoryData<KernelNotification, bool, bool> Notifications => new()
    {
        // what the kernel tells, whether it concerns a node with an interface, and one without
        { new LinkChanged(Eth0, false), true, true },
        { new LinkChanged(Eth0 with { Index = 9 }, false), true, true },
        { new LinkChanged(Eth0 with { Index = 9, Name = "veth7" }, false), false, true },
        { new AddressChanged(new(2, IPAddress.Parse("10.9.9.9"), 24, 0, 0), false), true, true },
        { new AddressChanged(new(9, IPAddress.Parse("10.9.9.9"), 24, 0, 0), false), false, true },
        { new AddressChanged(new(9, IPAddress.Parse("192.0.2.1"), 24, 0, 0), false), true, true },
        { new RouteChanged(Default, true), true, true },
        { new RouteChanged(Default with { Table = 100 }, true), false, false },
        { new RouteChanged(Default with { Destination = IPNetwork.Parse("198.51.100.0/24") }, false), false, false },
        { new RouteChanged(Default with { Destination = IPNetwork.Parse("198.51.100.0/24"), Gateway = null }, false), true, true },
        { new RouteChanged(Default with { Destination = IPNetwork.Parse("10.5.2.0/24"), Gateway = null, Protocol = 70 }, false), false, false },
        { new Overrun(), true, true },
    };

    [Theory]
    [MemberData(nameof(Notifications))]
    public void F42_only_what_may_change_the_way_is_looked_at(KernelNotification notification, bool withInterface, bool without)
    {
        Assert.Equal(withInterface, UnderlayView.Concerns(notification, Used));
        Assert.Equal(without, UnderlayView.Concerns(notification, null));
    }

    [Fact]
    public void What_changed_is_told_in_one_line_and_a_carrier_is_no_change_worth_one()
    {
        Assert.Equal("", UnderlayView.Change(Used, Used with { Link = Eth0 with { Flags = 0 } }));
        Assert.Equal("eth0 was made anew", UnderlayView.Change(Used, Used with { Link = Eth0 with { Index = 5 } }));
        Assert.Equal(
            "interface eth0 to br0, address 192.0.2.1 to 192.0.2.7, IPv6 address none to 2001:db8::7, MTU 1500 to 9000",
            UnderlayView.Change(Used, Used with { Link = Eth0 with { Name = "br0" }, Address = IPAddress.Parse("192.0.2.7"), AddressV6 = IPAddress.Parse("2001:db8::7"), Mtu = 9000 }));
    }

    [Fact]
    public async Task F42_A_lost_interface_is_told_at_once_and_its_twin_is_a_change()
    {
        var first = new UnderlayView(Used, Given.Node, "");
        var (gone, seen, looked) = (new List<string>(), new List<UnderlayView>(), 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var follower = new UnderlayFollower(_ => first, first, gone.Add, TimeProvider.System);
        var running = follower.FollowAsync(seen.Add, () => Interlocked.Increment(ref looked), stop.Token);
        Assert.Equal(1, Volatile.Read(ref looked));
        Assert.Empty(seen);
        follower.Observe(new LinkChanged(Eth0 with { Index = 9, Name = "veth7" }, true));
        follower.Observe(new LinkChanged(Eth0, Removed: true));
        Assert.Equal(["the interface eth0 is gone"], gone);
        await Reconcile.KernelBed.UntilAsync(() => Volatile.Read(ref looked) > 1);
        Assert.Equal([first], seen);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
