using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using FlannelPS.Engine.Netlink;
using static FlannelPS.Engine.Netlink.KernelNotification;

namespace FlannelPS.Engine.Tests.Netlink;

public sealed class RouteMonitorTests : IDisposable
{
    private readonly TestNamespace _namespace = TestNamespace.Create();
    private readonly RouteSocket _socket;
    private readonly BlockingCollection<KernelNotification> _told = [];

    public RouteMonitorTests() => _socket = _namespace.Run(() => new RouteSocket());

    public void Dispose()
    {
        _socket.Dispose();
        _namespace.Dispose();
        _told.Dispose();
    }

    private T Next<T>(Func<T, bool> isWanted) where T : KernelNotification
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < TimeSpan.FromSeconds(10))
        {
            if (_told.TryTake(out var told, TimeSpan.FromSeconds(10)) && told is T wanted && isWanted(wanted))
                return wanted;
        }
        throw new InvalidOperationException($"No {typeof(T).Name} of that kind was told.");
    }

    [Fact]
    public void Every_change_that_somebody_makes_is_told()
    {
        using var monitor = _namespace.Run(() => new RouteMonitor(_told.Add));
        _namespace.Ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "local", "192.0.2.1", "dev", "eth9", "nolearning");
        var link = Next<LinkChanged>(told => told.Link.Name == "flannel.1" && !told.Removed).Link;
        Assert.Equal(1u, link.Vxlan!.Vni);
        _namespace.Ip("link", "set", "flannel.1", "up");
        Next<LinkChanged>(told => told.Link.Index == link.Index && told.Link.IsUp);
        _namespace.Ip("addr", "add", "10.5.1.0/32", "dev", "flannel.1");
        Assert.Equal(link.Index, Next<AddressChanged>(told => told.Address.Address.Equals(IPAddress.Parse("10.5.1.0"))).Address.LinkIndex);

        var peer = Peer.Create(7, link.Index);
        foreach (var request in peer.Put())
            _socket.Execute(request);
        Next<NeighborChanged>(told => told.Neighbor == peer.Neighbor && !told.Removed);
        Next<FdbChanged>(told => told.Entry == peer.Fdb && !told.Removed);
        Next<NexthopChanged>(told => told.Nexthop == peer.Nexthop && !told.Removed);
        Next<RouteChanged>(told => told.Route == peer.Route && !told.Removed);
        foreach (var request in peer.Delete())
            _socket.Execute(request);
        Next<RouteChanged>(told => told.Route == peer.Route && told.Removed);
        Next<NexthopChanged>(told => told.Nexthop.Id == 7 && told.Removed);
        Next<FdbChanged>(told => told.Entry == peer.Fdb && told.Removed);
        Next<NeighborChanged>(told => told.Neighbor.Address.Equals(peer.Neighbor.Address) && told.Removed);

        _namespace.Ip("-6", "route", "add", "2001:db8:7::/48", "dev", "flannel.1");
        Next<RouteChanged>(told => told.Route.Destination == IPNetwork.Parse("2001:db8:7::/48"));
        _namespace.Ip("addr", "del", "10.5.1.0/32", "dev", "flannel.1");
        Next<AddressChanged>(told => told.Address.Address.Equals(IPAddress.Parse("10.5.1.0")) && told.Removed);
        _namespace.Ip("link", "del", "flannel.1");
        Next<LinkChanged>(told => told.Link.Index == link.Index && told.Removed);
    }

    [Fact]
    public void A_device_that_leaves_a_bridge_is_not_told_as_gone()
    {
        _namespace.Ip("link", "add", "br9", "type", "bridge");
        _namespace.Ip("link", "set", "eth9", "master", "br9");
        using var monitor = _namespace.Run(() => new RouteMonitor(_told.Add));
        _namespace.Ip("link", "set", "eth9", "nomaster");
        _namespace.Ip("link", "set", "br9", "mtu", "1300");
        Next<LinkChanged>(told => told is { Removed: true } ? throw new InvalidOperationException($"{told.Link.Name} was told as gone.") : told.Link is { Name: "br9", Mtu: 1300 });
    }

    [Fact]
    public void What_the_own_socket_changed_is_left_out()
    {
        using var monitor = _namespace.Run(() => new RouteMonitor(_told.Add, _socket.PortId));
        var eth = _socket.FindLink("eth9")!.Index;
        var own = new Route(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("192.0.2.9"), eth, false, 0, Route.RTPROT_FLANNELPS);
        _socket.Execute(RouteRequest.Replace(own));
        _namespace.Ip("route", "add", "10.5.3.0/24", "via", "192.0.2.9");
        Assert.Equal(IPNetwork.Parse("10.5.3.0/24"), Next<RouteChanged>(told => told.Route.Gateway is not null).Route.Destination);
    }

    [Fact]
    public void F44_A_burst_that_does_not_fit_is_told_as_an_overrun()
    {
        using var mayGoOn = new ManualResetEventSlim();
        using var monitor = _namespace.Run(() => new RouteMonitor(told =>
        {
            mayGoOn.Wait();
            _told.Add(told);
        }, 0, receiveBuffer: 64 << 10));
        var eth = _socket.FindLink("eth9")!.Index;
        var routes = Enumerable.Range(0, 20_000).Select(i => new Route(new(new IPAddress([10, (byte)(i >> 14), (byte)(i >> 6), (byte)(i << 2)]), 30), null, eth, false, 0, Route.RTPROT_FLANNELPS, Scope: 253));
        Assert.Empty(_socket.Execute(routes.Select(RouteRequest.Replace)));
        mayGoOn.Set();
        Next<Overrun>(_ => true);
        // And it listens on.
        _namespace.Ip("link", "set", "eth9", "mtu", "1300");
        Next<LinkChanged>(told => told.Link is { Name: "eth9", Mtu: 1300 });
        Assert.False(monitor.Completion.IsCompleted);
    }

    [Fact]
    public async Task Disposed_it_has_ended_and_says_so()
    {
        var monitor = _namespace.Run(() => new RouteMonitor(_told.Add));
        Assert.False(monitor.Completion.IsCompleted);
        monitor.Dispose();
        await monitor.Completion.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        _namespace.Ip("link", "set", "eth9", "mtu", "1300");
        Assert.Empty(_told);
        monitor.Dispose();
    }

    [Fact]
    public async Task It_may_be_disposed_from_its_own_callback()
    {
        RouteMonitor? monitor = null;
        using var isSet = new ManualResetEventSlim();
        monitor = _namespace.Run(() => new RouteMonitor(_ =>
        {
            isSet.Wait();
            monitor!.Dispose();
        }));
        isSet.Set();
        _namespace.Ip("link", "set", "eth9", "mtu", "1300");
        await monitor.Completion.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_callback_that_fails_ends_it_with_the_reason()
    {
        using var monitor = _namespace.Run(() => new RouteMonitor(_ => throw new InvalidOperationException("no")));
        _namespace.Ip("link", "set", "eth9", "mtu", "1300");
        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidOperationException>(() => monitor.Completion.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken))).Message);
    }
}
