using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Netlink.Wire;

namespace FlannelPS.Engine.Tests.Netlink;

public sealed partial class RouteSocketTests
{
    [Fact]
    public void A_refused_request_in_the_middle_is_named_and_the_others_are_carried_out()
    {
        var index = CreateVxlan();
        var good = Enumerable.Range(0, 500).Select(i => (NetlinkRequest)RouteRequest.Replace(Onlink($"10.6.{i / 2}.{i % 2 * 128}/25", index))).ToArray();
        // A gateway that no device leads to, and a device that is not there.
        var unreachable = new Route(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("203.0.113.1"), index, false, 0, Route.RTPROT_BOOT);
        var nowhere = unreachable with { LinkIndex = 4711, OnLink = true };
        var failures = _socket.Execute([.. good[..250], RouteRequest.Replace(unreachable), .. good[250..], RouteRequest.Replace(nowhere)]);

        Assert.Equal([(250, Errno.ENETUNREACH), (501, Errno.ENODEV)], failures.Select(failure => (failure.Index, failure.Errno)));
        Assert.Equal("RTM_NEWROUTE 10.5.2.0/24 via 203.0.113.1 dev flannel.1: ENETUNREACH (Nexthop has invalid gateway)", failures[0].ToString());
        Assert.Equal("RTM_NEWROUTE 10.5.2.0/24 via 203.0.113.1 dev #4711: ENODEV", failures[1].ToString().Split(" (")[0]);
        Assert.DoesNotContain(failures, failure => failure.IsAlreadyDone);
        Assert.Equal(500, _socket.DumpRoutes(AddressFamily.InterNetwork, index).Count);
        Assert.Equal(Errno.ENETUNREACH, Assert.Throws<NetlinkException>(() => _socket.Execute(RouteRequest.Replace(unreachable))).Errno);
    }

    [Fact]
    public void F44_A_thousand_refusals_do_not_hang_a_socket_with_a_small_buffer()
    {
        using var small = _namespace.Run(() => new RouteSocket(receiveBuffer: 1));
        var index = CreateVxlan();
        var requests = Enumerable.Range(0, 1000).Select(i => i % 100 == 50
            ? (NetlinkRequest)RouteRequest.Replace(Onlink($"10.6.{i / 4}.{i % 4 * 64}/26", index))
            : RouteRequest.Replace(Onlink($"10.6.{i / 4}.{i % 4 * 64}/26", index) with { OnLink = false }));
        var failures = small.Execute(requests);
        Assert.Equal(990, failures.Count);
        Assert.All(failures, failure => Assert.Equal(Errno.ENETUNREACH, failure.Errno));
        Assert.Equal(10, small.DumpRoutes(AddressFamily.InterNetwork, index).Count);
        Assert.Equal(1, small.FindLink("lo")!.Index);
    }

    [Fact]
    public void An_errno_inside_the_end_of_a_dump_is_an_error()
    {
        using var raw = _namespace.Run(() => new NetlinkSocket(1 << 20));
        var buffer = new byte[8192];
        var writer = new MessageWriter(buffer);
        writer.Begin(RtnetlinkH.RTM_GETROUTE, NetlinkH.NLM_F_REQUEST | NetlinkH.NLM_F_DUMP, 1);
        writer.Body(new RtMsg { rtm_family = LibC.AF_INET, rtm_tos = 1 });
        writer.End();
        Assert.Equal(0, raw.Send(writer.Written));
        Assert.Equal(0, raw.Receive(buffer, out var length));
        var messages = new MessageReader(buffer.AsSpan(0, length));
        Assert.True(messages.TryRead(out var message));
        Assert.Equal(NetlinkH.NLMSG_DONE, message.Type);
        Assert.Equal(new Answer(Errno.EINVAL, "Invalid values in header for FIB dump request"), Answer.OfDone(message));
    }

    [Fact]
    public void What_is_on_a_device_that_is_gone_is_nothing()
    {
        Assert.Empty(_socket.DumpRoutes(AddressFamily.InterNetwork, 4711));
        Assert.Empty(_socket.DumpRoutes(AddressFamily.InterNetworkV6, 4711));
        Assert.Empty(_socket.DumpAddresses(null, 4711));
        Assert.Empty(_socket.DumpNeighbors(AddressFamily.InterNetwork, 4711));
        Assert.Empty(_socket.DumpFdb(4711));
        Assert.Null(_socket.FindLink("no-such-device"));
        Assert.Null(_socket.FindLink("a name that no device can have"));
    }

    [Fact]
    public void Many_threads_share_one_socket_while_the_tables_change()
    {
        var index = CreateVxlan();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            for (var i = 0; i < 20; i++)
            {
                var routes = Enumerable.Range(0, 50).Select(n => Onlink($"10.{100 + thread}.{n}.0/24", index)).ToArray();
                Assert.Empty(_socket.Execute(routes.Select(RouteRequest.Replace)));
                Assert.Equal(routes, _socket.DumpRoutes(AddressFamily.InterNetwork, index).Where(route => route.Destination.BaseAddress.GetAddressBytes()[1] == 100 + thread));
                Assert.Equal(index, _socket.FindLink("flannel.1")!.Index);
            }
        });
    }

    [Fact]
    public async Task A_dump_that_changes_cut_through_is_taken_again_until_it_is_whole()
    {
        var index = CreateVxlan();
        var stable = Enumerable.Range(1, 3000).Select(i => Peer.Create(i, index).Nexthop).ToArray();
        Assert.Empty(_socket.Execute(stable.Select(NexthopRequest.Add)));
        using var other = _namespace.Run(() => new RouteSocket());
        var coming = Enumerable.Range(4001, 100).Select(i => Peer.Create(i, index).Nexthop).ToArray();
        using var stop = new CancellationTokenSource();
        var changer = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.Empty(other.Execute([.. coming.Select(NexthopRequest.Add), .. coming.Select(NexthopRequest.Delete)]));
                Thread.Sleep(30); // longer than a dump: bursts, not a storm without end, which no dump gets through
            }
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 50 || (_socket.InterruptedDumps == 0 && i < 5000); i++)
            Assert.Equal(stable, _socket.DumpNexthops().Where(nexthop => nexthop.Id <= 3000).OrderBy(nexthop => nexthop.Id));
        await stop.CancelAsync();
        await changer;
        Assert.True(_socket.InterruptedDumps > 0, "no change cut through a dump: nothing was tested");
    }
}
