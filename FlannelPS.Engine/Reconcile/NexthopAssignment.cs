using FlannelPS.Engine.Backends;
using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Lets many gateway routes of one device refer to nexthop objects (D14).</summary>
/// <remarks>
/// The kernel inserts gateway routes of one device in quadratic time, because all of them fall into one hash chain: 22 µs a route at 1000 of them, 260 µs at 16000.
/// By nexthop id it is 4 µs, always. The price is another look in <c>ip route</c>, so few peers keep the original's plain routes.
/// </remarks>
internal static class NexthopAssignment
{
    /// <summary>Above so many gateway routes, nexthop objects are used.</summary>
    public const int Threshold = 500;

    /// <summary>Our ids begin here; the rest of the number space is left to others.</summary>
    public const uint FirstId = 0x4600_0000;

    /// <summary>Gives each gateway an id, one that stands already where there is one, and points the routes there.</summary>
    /// <param name="wanted">Changed in place.</param>
    /// <param name="present">What stands: ids of ours are used again, all others avoided. Once nexthops are in use they stay so down to half of the threshold.</param>
    public static void Assign(KernelState wanted, KernelState present)
    {
        var gateways = wanted.Routes.Values.Count(route => route.Gateway is not null);
        var inUse = present.Nexthops.Values.Any(nexthop => nexthop.Protocol == Route.RTPROT_FLANNELPS);
        if (gateways <= (inUse ? Threshold / 2 : Threshold))
            return;

        var ids = new Dictionary<(IPAddress Gateway, int Link, bool OnLink), uint>(gateways);
        foreach (var nexthop in present.Nexthops.Values)
            if (nexthop.Protocol == Route.RTPROT_FLANNELPS)
                ids.TryAdd((nexthop.Gateway, nexthop.LinkIndex, nexthop.OnLink), nexthop.Id);
        var next = FirstId;
        foreach (var (destination, route) in wanted.Routes.ToArray())
        {
            if (route.Gateway is not { } gateway)
                continue;
            var target = (gateway, route.LinkIndex, route.OnLink);
            if (!ids.TryGetValue(target, out var id))
            {
                while (present.Nexthops.ContainsKey(next) || wanted.Nexthops.ContainsKey(next))
                    next++;
                ids[target] = id = next++;
            }
            wanted.Nexthops[id] = new(id, gateway, route.LinkIndex, route.OnLink, Route.RTPROT_FLANNELPS);
            wanted.Routes[destination] = route with { NexthopId = id };
        }
    }
}
