using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    /// <summary>Nexthop objects, of all makers or of one. One without a gateway (a group, a blackhole) has the unspecified address there.</summary>
    /// <exception cref="NetlinkException">The kernel refused; EOPNOTSUPP before Linux 5.3.</exception>
    public List<Nexthop> DumpNexthops(byte? protocol = null)
        => Dump(RTM_GETNEXTHOP,
            static (ref MessageWriter writer) => writer.Body(default(NhMsg)),
            (Message message, out Nexthop nexthop) => NexthopMessage.TryParse(message, out nexthop) && (protocol is null || nexthop.Protocol == protocol));
}
