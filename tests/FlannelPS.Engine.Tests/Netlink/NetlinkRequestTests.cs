using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Tests.Netlink;

public sealed class NetlinkRequestTests
{
    private static readonly Peer Peer = Peer.Create(2, 5);

    public static TheoryData<NetlinkRequest, string> Texts => new()
    {
        { RouteRequest.Replace(Peer.Route), "RTM_NEWROUTE 10.64.2.0/24 nhid 2" },
        { RouteRequest.Delete(Peer.Route with { NexthopId = 0 }), "RTM_DELROUTE 10.64.2.0/24 via 10.64.2.0 dev flannel.1" },
        { RouteRequest.Add(new(IPNetwork.Parse("10.9.0.0/16"), null, 0, false, 0, 3, Type: Route.RTN_BLACKHOLE)), "RTM_NEWROUTE 10.9.0.0/16" },
        { NexthopRequest.Replace(Peer.Nexthop), "RTM_NEWNEXTHOP id 2 via 10.64.2.0 dev flannel.1" },
        { NeighborRequest.Delete(Peer.Neighbor), "RTM_DELNEIGH 10.64.2.0 lladdr 02:00:00:00:00:02 dev flannel.1" },
        { FdbRequest.Replace(Peer.Fdb), "RTM_NEWNEIGH fdb 02:00:00:00:00:02 dst 198.18.0.2 dev flannel.1" },
        { AddressRequest.Add(new(5, IPAddress.Parse("10.5.1.0"), 32, 0, 0)), "RTM_NEWADDR 10.5.1.0/32 dev flannel.1" },
        { LinkRequest.SetMtu(5, 1450), "RTM_SETLINK mtu 1450 dev flannel.1" },
        { LinkRequest.Delete(5), "RTM_DELLINK link dev flannel.1" },
        { LinkRequest.CreateVxlan("flannel.1", 1450, null, new(1, 2, null, null, 0, false, false), 0), "RTM_NEWLINK name flannel.1 vxlan 1 mtu 1450 txqueuelen 0" },
    };

    [Theory]
    [MemberData(nameof(Texts), DisableDiscoveryEnumeration = true)]
    public void A_refusal_names_message_object_device_and_reason(NetlinkRequest request, string text)
    {
        Assert.Equal($"{text}: EPERM", new NetlinkFailure(0, request, Errno.EPERM, null, "flannel.1").ToString());
        Assert.Equal($"{text}: EINVAL (words)", new NetlinkFailure(0, request, Errno.EINVAL, "words", "flannel.1").ToException().Message);
    }

    [Fact]
    public void Exists_on_a_put_and_not_there_on_a_delete_mean_already_done()
    {
        Assert.True(Is(RouteRequest.Add(Peer.Route), Errno.EEXIST));
        Assert.False(Is(RouteRequest.Add(Peer.Route), Errno.ESRCH));
        Assert.False(Is(RouteRequest.Replace(Peer.Route), Errno.EINVAL));
        Assert.False(Is(RouteRequest.Replace(Peer.Route), Errno.ENODEV));
        Assert.True(Is(RouteRequest.Delete(Peer.Route), Errno.ESRCH));
        Assert.True(Is(RouteRequest.Delete(Peer.Route), Errno.EINVAL));
        Assert.False(Is(RouteRequest.Delete(Peer.Route with { NexthopId = 0 }), Errno.EINVAL));
        Assert.False(Is(RouteRequest.Delete(Peer.Route), Errno.EPERM));
        Assert.False(Is(RouteRequest.Delete(Peer.Route), Errno.EEXIST));
        Assert.True(Is(FdbRequest.Delete(Peer.Fdb), Errno.ENOENT));
        Assert.True(Is(LinkRequest.Delete(5), Errno.ENODEV));

        static bool Is(NetlinkRequest request, int errno) => new NetlinkFailure(0, request, errno, null, null).IsAlreadyDone;
    }

    [Fact]
    public void A_device_name_that_the_kernel_would_not_take_is_refused_before_it_is_asked()
    {
        Assert.Throws<ArgumentException>(() => LinkRequest.SetName(5, "a/b"));
        Assert.Throws<ArgumentException>(() => LinkRequest.CreateVxlan("sixteen-bytes-xx", 1450, null, new(1, 2, null, null, 0, false, false), 0));
    }
}
