using System.Net.Sockets;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    /// <summary>Routes of one table, all or those that leave by one device; none for a device that is gone.</summary>
    /// <remarks>A route of several next hops is told with link index 0 and no gateway.</remarks>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="linkIndex">The device; 0 for all. Blackholes have none.</param>
    /// <param name="table">RTA_TABLE; the main table by default.</param>
    /// <param name="protocol">rtm_protocol; null for all.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public List<Route> DumpRoutes(AddressFamily family, int linkIndex = 0, uint table = Route.RT_TABLE_MAIN, byte? protocol = null)
        => Dump(RTM_GETROUTE,
            (ref MessageWriter writer) =>
            {
                writer.Body(new RtMsg { rtm_family = Family.Of(family), rtm_protocol = protocol ?? 0 });
                writer.UInt32(RTA_TABLE, table);
                if (linkIndex != 0)
                    writer.UInt32(RTA_OIF, (uint)linkIndex);
            },
            (Message message, out Route route) => RouteMessage.TryParse(message, out route) && route.Table == table
                && (linkIndex == 0 || route.LinkIndex == linkIndex || route.LinkIndex == 0 && route.Type == Route.RTN_UNICAST)
                && (protocol is null || route.Protocol == protocol),
            isFiltered: linkIndex != 0);
}
