using FlannelPS.Engine.Backends;
using System.Net.Sockets;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Reads what stands in the kernel where our objects may be.</summary>
internal static class KernelReader
{
    /// <summary>Metric that the kernel gives an IPv6 route without one (IP6_RT_PRIO_USER, include/net/ip6_route.h).</summary>
    private const uint IP6_RT_PRIO_USER = 1024;

    /// <summary>Reads neighbours and forwarding entries of our devices, and the main table's routes and all nexthops of the host.</summary>
    /// <param name="socket">The kernel.</param>
    /// <param name="devices">Our tunnel devices.</param>
    /// <param name="ipv6">Whether the overlay has an IPv6 half.</param>
    public static KernelState Read(RouteSocket socket, IReadOnlyList<int> devices, bool ipv6)
    {
        var state = new KernelState();
        foreach (var family in ipv6 ? [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6] : new[] { AddressFamily.InterNetwork })
        {
            var noMetric = family == AddressFamily.InterNetwork ? 0 : IP6_RT_PRIO_USER;
            foreach (var route in socket.DumpRoutes(family))
                if (route.Priority == noMetric && route.Table == Route.RT_TABLE_MAIN)
                    state.Routes.TryAdd(route.Destination, route with { Priority = 0 });
                else if (route is { Priority: Route.BlackholeMetric, Type: Route.RTN_BLACKHOLE, Table: Route.RT_TABLE_MAIN })
                    state.Blackholes.TryAdd(route.Destination, route);
            foreach (var device in devices)
                foreach (var neighbor in socket.DumpNeighbors(family, device))
                    if (!neighbor.Address.IsIPv6Multicast)
                        state.Neighbors[(device, neighbor.Address)] = neighbor;
        }
        foreach (var device in devices)
            foreach (var entry in socket.DumpFdb(device))
                state.Fdb[(device, entry.Address)] = entry;
        foreach (var nexthop in socket.DumpNexthops())
            state.Nexthops[nexthop.Id] = nexthop;
        return state;
    }
}
