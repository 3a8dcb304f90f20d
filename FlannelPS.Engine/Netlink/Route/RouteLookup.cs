using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>The way a packet would take: <c>ip route get</c>.</summary>
/// <param name="LinkIndex">RTA_OIF.</param>
/// <param name="Gateway">RTA_GATEWAY; null when the destination is on the link.</param>
/// <param name="Source">RTA_PREFSRC: the address it would leave with.</param>
/// <param name="Type">rtm_type (RTN_UNICAST 1, RTN_LOCAL 2, ...).</param>
public readonly record struct RouteLookup(int LinkIndex, IPAddress? Gateway, IPAddress? Source, byte Type);

public sealed partial class RouteSocket
{
    /// <summary>The way to a destination, or null where the tables have none.</summary>
    /// <exception cref="NetlinkException">The kernel refused for another reason.</exception>
    public RouteLookup? Lookup(IPAddress destination)
    {
        var answer = Get(RTM_GETROUTE, (ref MessageWriter writer) =>
        {
            writer.Body(new RtMsg { rtm_family = Family.Of(destination), rtm_dst_len = (byte)(Family.Of(destination) == LibC.AF_INET ? 32 : 128) });
            writer.Address(RTA_DST, destination);
        }, TryParse, out RouteLookup found);
        return answer.Errno switch
        {
            // ip6_rt_type_to_error() and fib_props, net/ipv4/fib_semantics.c: blackhole, unreachable, prohibit, and no route at all.
            Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EACCES or Errno.EINVAL when answer.KernelMessage is null => null,
            0 => found.Type is 6 or 7 or 8 or 9 ? null : found,
            _ => throw new NetlinkException($"{nameof(RTM_GETROUTE)} {destination}", answer.Errno, answer.KernelMessage),
        };
    }

    private static bool TryParse(Message message, out RouteLookup lookup)
    {
        lookup = default;
        if (message.Type != RTM_NEWROUTE || !message.TryRead<RtMsg>(out var body, out var attributes))
            return false;
        IPAddress? gateway = null, source = null;
        var linkIndex = 0;
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case RTA_OIF: linkIndex = AttributeValue.Int32(value); break;
                case RTA_GATEWAY: gateway = AttributeValue.Address(value); break;
                case RTA_VIA: gateway = AttributeValue.Via(value); break;
                case RTA_PREFSRC: source = AttributeValue.Address(value); break;
            }
        }
        lookup = new(linkIndex, gateway, source, body.rtm_type);
        return true;
    }
}
