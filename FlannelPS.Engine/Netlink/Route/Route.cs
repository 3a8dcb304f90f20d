using System.Net;

namespace FlannelPS.Engine.Netlink;

/// <summary>A unicast or blackhole route of one next hop.</summary>
/// <remarks>linux/rtnetlink.h, struct rtmsg.</remarks>
/// <param name="Destination">RTA_DST; the default route is 0.0.0.0/0 or ::/0.</param>
/// <param name="Gateway">RTA_GATEWAY; null for none. Of a route by nexthop object: what the kernel adds to the dump, or null.</param>
/// <param name="LinkIndex">RTA_OIF; 0 for none, and in a dump for a route of several next hops.</param>
/// <param name="OnLink">RTNH_F_ONLINK: the gateway is reached by this device whatever the addresses say.</param>
/// <param name="NexthopId">RTA_NH_ID; 0 for none. When not 0, gateway, device and onlink are the nexthop's and are not sent.</param>
/// <param name="Protocol">rtm_protocol: who made the route.</param>
/// <param name="Table">RTA_TABLE.</param>
/// <param name="Priority">RTA_PRIORITY; 0 for none (IPv6: the kernel reads 0 as 1024).</param>
/// <param name="Scope">rtm_scope.</param>
/// <param name="Type">rtm_type (RTN_UNICAST 1, RTN_BLACKHOLE 6).</param>
/// <param name="IsAdorned">Whether it has a preferred source, metrics or an encapsulation: none of ours has, and a replace takes them off.</param>
public readonly record struct Route(
    IPNetwork Destination, IPAddress? Gateway, int LinkIndex, bool OnLink, uint NexthopId, byte Protocol,
    uint Table = Route.RT_TABLE_MAIN, uint Priority = 0, byte Scope = 0, byte Type = Route.RTN_UNICAST, bool IsAdorned = false)
{
    /// <summary>RT_TABLE_MAIN.</summary>
    public const uint RT_TABLE_MAIN = 254;

    /// <summary>RTN_UNICAST.</summary>
    public const byte RTN_UNICAST = 1;

    /// <summary>RTN_BLACKHOLE.</summary>
    public const byte RTN_BLACKHOLE = 6;

    /// <summary>The metric of our blackhole routes: behind every other route, above all the connected one of the containers' bridge.</summary>
    public const uint BlackholeMetric = int.MaxValue;

    /// <summary>RTPROT_BOOT: what the original's routes carry.</summary>
    public const byte RTPROT_BOOT = 3;

    /// <summary>RTPROT_KERNEL: what comes with an address.</summary>
    public const byte RTPROT_KERNEL = 2;

    /// <summary>Our own mark on routes and nexthops. Free in linux/rtnetlink.h and in iproute2's rt_protos.</summary>
    public const byte RTPROT_FLANNELPS = 0x46;
}

/// <summary>A nexthop object that routes can share by id.</summary>
/// <remarks>linux/nexthop.h, struct nhmsg. Since Linux 5.3.</remarks>
/// <param name="Id">NHA_ID, not 0.</param>
/// <param name="Gateway">NHA_GATEWAY; in a dump the unspecified address for a nexthop that has none (a group, a blackhole), whose id is taken all the same.</param>
/// <param name="LinkIndex">NHA_OIF.</param>
/// <param name="OnLink">RTNH_F_ONLINK in nh_flags.</param>
/// <param name="Protocol">nh_protocol.</param>
public readonly record struct Nexthop(uint Id, IPAddress Gateway, int LinkIndex, bool OnLink, byte Protocol);
