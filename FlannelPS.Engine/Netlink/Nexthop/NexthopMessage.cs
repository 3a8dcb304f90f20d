using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NexthopH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Reads RTM_NEWNEXTHOP and RTM_DELNEXTHOP.</summary>
/// <remarks>One without a gateway (a group, a blackhole, a bare device) has the unspecified address there, so that its id is seen to be taken.</remarks>
internal static class NexthopMessage
{
    internal static bool TryParse(Message message, out Nexthop nexthop)
    {
        nexthop = default;
        if (message.Type is not (RTM_NEWNEXTHOP or RTM_DELNEXTHOP) || !message.TryRead<NhMsg>(out var body, out var attributes))
            return false;
        IPAddress? gateway = null;
        var (id, linkIndex) = (0u, 0);
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case NHA_ID: id = AttributeValue.UInt32(value); break;
                case NHA_OIF: linkIndex = AttributeValue.Int32(value); break;
                case NHA_GATEWAY: gateway = AttributeValue.Address(value); break;
            }
        }
        gateway ??= body.nh_family == LibC.AF_INET6 ? IPAddress.IPv6Any : IPAddress.Any;
        nexthop = new(id, gateway, linkIndex, (body.nh_flags & RTNH_F_ONLINK) != 0, body.nh_protocol);
        return id != 0;
    }
}
