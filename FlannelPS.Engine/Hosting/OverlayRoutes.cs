using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Hosting;

/// <summary>A route of an overlay, as it stands in this host's kernel, or as it should.</summary>
/// <param name="Node">Whose; empty where that is not known.</param>
/// <param name="Destination">Where to.</param>
/// <param name="NextHop">The gateway; null for none.</param>
/// <param name="Interface">The device; empty for none.</param>
/// <param name="State">One of <see cref="OverlayRoutes"/>'s words.</param>
internal sealed record OverlayRoute(string Node, IPNetwork Destination, IPAddress? NextHop, string Interface, string State);

/// <summary>The overlays' routes in the kernel. Reading them needs no rights.</summary>
internal static class OverlayRoutes
{
    /// <summary>It stands.</summary>
    public const string Active = nameof(Active);

    /// <summary>It stands, and its device is down.</summary>
    public const string Down = nameof(Down);

    /// <summary>A peer has none.</summary>
    public const string Missing = nameof(Missing);

    /// <summary>Somebody else's stands where a peer's belongs.</summary>
    public const string Foreign = nameof(Foreign);

    /// <summary>It stands, and no peer needs it.</summary>
    public const string Stale = nameof(Stale);

    private const uint IP6_RT_PRIO_USER = 1024;    // include/net/ip6_route.h

    /// <summary>Reads them.</summary>
    /// <param name="nodes">The nodes that are known.</param>
    /// <param name="others">Also those that bear our mark, or stand on a device of flannel's, and belong to none of these nodes.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public static IReadOnlyList<OverlayRoute> Read(IReadOnlyList<NodeOverlay> nodes, bool others)
    {
        using var socket = new RouteSocket();
        var links = socket.DumpLinks();
        var routes = socket.DumpRoutes(AddressFamily.InterNetwork).Where(route => route.Priority == 0)
            .Concat(socket.DumpRoutes(AddressFamily.InterNetworkV6).Where(route => route.Priority == IP6_RT_PRIO_USER)).ToList();
        var nexthops = routes.Exists(route => route.NexthopId != 0) ? socket.DumpNexthops().ToDictionary(nexthop => nexthop.Id) : [];
        var found = new List<OverlayRoute>();
        var claimed = new HashSet<Route>();
        foreach (var node in nodes)
        {
            var own = node.Ownership(links);
            var missing = node.Destinations?.ToHashSet();
            foreach (var route in routes.Where(own.Owns))
            {
                claimed.Add(route);
                var isWanted = missing?.Remove(route.Destination) ?? true;
                found.Add(Shown(node.Name, route, isWanted || route.Type == Route.RTN_BLACKHOLE ? null : Stale));
            }
            foreach (var destination in missing ?? [])
                found.Add(routes.Find(route => route.Destination == destination) is { Protocol: > 0 } foreign
                    ? Shown(node.Name, foreign, Foreign)
                    : new(node.Name, destination, null, "", Missing));
        }
        if (others)
            found.AddRange(routes.Where(route => !claimed.Contains(route) && IsMarked(route)).Select(route => Shown("", route, null)));
        return [.. found.OrderBy(route => route.Destination.BaseAddress.AddressFamily).ThenBy(route => Leases.AddressNumber.ToNumber(route.Destination.BaseAddress))];

        bool IsMarked(Route route)
            => route.Protocol == Route.RTPROT_FLANNELPS
                || route.Protocol == Route.RTPROT_BOOT && links.Exists(link => link.Index == route.LinkIndex && link.Kind == "vxlan" && link.Name.StartsWith("flannel", StringComparison.Ordinal));

        OverlayRoute Shown(string node, Route route, string? state)
        {
            var (gateway, index) = (route.Gateway, route.LinkIndex);
            if (route.NexthopId != 0 && nexthops.TryGetValue(route.NexthopId, out var nexthop))
                (gateway, index) = (nexthop.Gateway, nexthop.LinkIndex);
            var link = links.Find(one => one.Index == index);
            return new(node, route.Destination, gateway, link?.Name ?? "", state ?? (link is { IsUp: false } ? Down : Active));
        }
    }
}
