using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to the routing table.</summary>
public sealed record RouteRequest : NetlinkRequest
{
    private RouteRequest(Route route, ushort type, ushort flags) : base(type, flags) => Route = route;

    /// <summary>The route.</summary>
    public Route Route { get; }

    /// <summary>Makes it the route to its destination in its table, at its priority, instead of what is there.</summary>
    public static RouteRequest Replace(Route route) => new(route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Adds it; EEXIST where a route to the destination with the same priority is there.</summary>
    public static RouteRequest Add(Route route) => new(route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>Removes exactly this route: another gateway, device, protocol or type is another route and stays.</summary>
    public static RouteRequest Delete(Route route) => new(route, RTM_DELROUTE, 0);

    internal override int Device => Route.NexthopId != 0 ? 0 : Route.LinkIndex;

    // inet_rtm_delroute(), net/ipv4/fib_frontend.c: EINVAL when the nexthop is gone, and with it went the route.
    internal override bool MeansAlreadyDone(int errno)
        => base.MeansAlreadyDone(errno) || IsDelete && Route.NexthopId != 0 && errno == Errno.EINVAL;

    internal override void Write(ref MessageWriter writer)
    {
        var isSmallTable = Route.Table <= byte.MaxValue;
        writer.Body(new RtMsg
        {
            rtm_family = Family.Of(Route.Destination.BaseAddress),
            rtm_dst_len = (byte)Route.Destination.PrefixLength,
            rtm_table = isSmallTable ? (byte)Route.Table : RT_TABLE_UNSPEC,
            rtm_protocol = Route.Protocol,
            rtm_scope = Route.Scope,
            rtm_type = Route.Type,
            rtm_flags = Route.OnLink && Route.NexthopId == 0 ? RTNH_F_ONLINK : 0,
        });
        writer.Address(RTA_DST, Route.Destination.BaseAddress);
        if (!isSmallTable)
            writer.UInt32(RTA_TABLE, Route.Table);
        if (Route.Priority != 0)
            writer.UInt32(RTA_PRIORITY, Route.Priority);
        if (Route.NexthopId != 0)
        {
            writer.UInt32(RTA_NH_ID, Route.NexthopId);
            return;
        }
        if (Route.Gateway is { } gateway)
            writer.Address(RTA_GATEWAY, gateway);
        if (Route.LinkIndex != 0)
            writer.UInt32(RTA_OIF, (uint)Route.LinkIndex);
    }

    private protected override string Subject
        => $"{Route.Destination}{(Route.NexthopId != 0 ? $" nhid {Route.NexthopId}" : Route.Gateway is { } gateway ? $" via {gateway}" : "")}";
}
