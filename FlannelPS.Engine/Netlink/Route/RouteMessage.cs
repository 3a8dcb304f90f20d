using System.Net;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Reads RTM_NEWROUTE and RTM_DELROUTE.</summary>
/// <remarks>A route of several next hops has link index 0 and no gateway, so that it equals no route of ours, and still shows that its destination is taken.</remarks>
internal static class RouteMessage
{
    internal static bool TryParse(Message message, out Route route)
    {
        route = default;
        // A clone is what the kernel remembers of a lookup, not a route.
        if (message.Type is not (RTM_NEWROUTE or RTM_DELROUTE) || !message.TryRead<RtMsg>(out var body, out var attributes) || (body.rtm_flags & RTM_F_CLONED) != 0)
            return false;
        ReadOnlySpan<byte> destination = default;
        IPAddress? gateway = null;
        var (linkIndex, nexthopId, table, priority, isAdorned) = (0, 0u, (uint)body.rtm_table, 0u, false);
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case RTA_DST: destination = value; break;
                case RTA_GATEWAY: gateway = AttributeValue.Address(value); break;
                case RTA_VIA: gateway = AttributeValue.Via(value); break;
                case RTA_OIF: linkIndex = AttributeValue.Int32(value); break;
                case RTA_NH_ID: nexthopId = AttributeValue.UInt32(value); break;
                case RTA_TABLE: table = AttributeValue.UInt32(value); break;
                case RTA_PRIORITY: priority = AttributeValue.UInt32(value); break;
                case RTA_PREFSRC or RTA_METRICS or RTA_ENCAP: isAdorned = true; break;
            }
        }
        if (AttributeValue.Network(body.rtm_family, destination, body.rtm_dst_len) is not { } network)
            return false;
        // IPv6 hangs a blackhole on the loopback device; nobody asked for that device.
        if (body.rtm_type == Route.RTN_BLACKHOLE)
            linkIndex = 0;
        route = new(network, gateway, linkIndex, (body.rtm_flags & RTNH_F_ONLINK) != 0, nexthopId, body.rtm_protocol, table, priority, body.rtm_scope, body.rtm_type, isAdorned);
        return true;
    }
}
