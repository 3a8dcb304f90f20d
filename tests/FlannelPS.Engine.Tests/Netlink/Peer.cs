using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Tests.Netlink;

/// <summary>The four kernel objects of the n-th vxlan peer.</summary>
internal sealed record Peer(Neighbor Neighbor, FdbEntry Fdb, Nexthop Nexthop, Route Route)
{
    public static Peer Create(int n, int linkIndex, bool v6 = false)
    {
        var gateway = IPAddress.Parse(v6 ? $"2001:db8:5:{n:x}::" : $"10.{64 + n / 256}.{n % 256}.0");
        var host = IPAddress.Parse(v6 ? $"2001:db8::{n:x}" : $"198.{18 + n / 65536}.{n / 256 % 256}.{n % 256}");
        var mac = new MacAddress(0x0200_0000_0000ul + (ulong)n);
        return new(new(linkIndex, gateway, mac), new(linkIndex, mac, host), new((uint)n, gateway, linkIndex, true, Route.RTPROT_FLANNELPS),
            new(new(gateway, v6 ? 64 : 24), gateway, linkIndex, true, (uint)n, Route.RTPROT_FLANNELPS, Priority: v6 ? 1024u : 0));
    }

    public NetlinkRequest[] Put() => [NeighborRequest.Replace(Neighbor), FdbRequest.Replace(Fdb), NexthopRequest.Replace(Nexthop), RouteRequest.Replace(Route)];

    public NetlinkRequest[] Delete() => [RouteRequest.Delete(Route), NexthopRequest.Delete(Nexthop), FdbRequest.Delete(Fdb), NeighborRequest.Delete(Neighbor)];
}
