using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>What the last round left in the kernel, as far as nobody interferes.</summary>
/// <param name="State">Objects by key. Locked while read or changed: notifications come on a thread of their own.</param>
/// <param name="Devices">Indices of our devices.</param>
/// <param name="DeviceNames">Their names.</param>
/// <param name="Own">What may be deleted.</param>
internal sealed record Standing(KernelState State, IReadOnlyList<int> Devices, IReadOnlyList<string> DeviceNames, Ownership Own)
{
    // Places where something else stands, or ours could not be put.
    private readonly HashSet<object> _missing = [];

    /// <summary>Whether a notification tells of something other than what should stand. What we did ourselves comes back too, and contradicts nothing.</summary>
    public bool Contradicts(KernelNotification notification)
    {
        lock (State)
            return notification switch
            {
                KernelNotification.RouteChanged({ Type: Route.RTN_BLACKHOLE, Priority: Route.BlackholeMetric } route, var removed) =>
                    State.Blackholes.ContainsKey(route.Destination) ? removed || route.Protocol != Route.RTPROT_FLANNELPS : !removed && Own.Owns(route),
                KernelNotification.RouteChanged(var route, var removed) =>
                    route.Table == Route.RT_TABLE_MAIN && (State.Routes.TryGetValue(route.Destination, out var wanted)
                        ? removed == Own.Serves(wanted, route)
                        : removed ? _missing.Contains(route.Destination) : Own.Owns(route)),
                KernelNotification.NeighborChanged(var neighbor, var removed) =>
                    Own.IsDevice(neighbor.LinkIndex) && (State.Neighbors.TryGetValue((neighbor.LinkIndex, neighbor.Address), out var wanted)
                        ? removed || neighbor != wanted
                        : removed ? _missing.Contains((neighbor.LinkIndex, neighbor.Address)) : neighbor.State == Neighbor.NUD_PERMANENT && !neighbor.Address.IsIPv6Multicast),
                KernelNotification.FdbChanged(var entry, var removed) =>
                    Own.IsDevice(entry.LinkIndex) && (State.Fdb.TryGetValue((entry.LinkIndex, entry.Address), out var wanted)
                        ? removed || entry != wanted
                        : removed ? _missing.Contains((entry.LinkIndex, entry.Address)) : entry.State == Neighbor.NUD_PERMANENT),
                KernelNotification.NexthopChanged(var nexthop, var removed) =>
                    State.Nexthops.TryGetValue(nexthop.Id, out var wanted) && (removed || nexthop != wanted),
                KernelNotification.LinkChanged(var link, _) => Own.IsDevice(link.Index) || DeviceNames.Contains(link.Name),
                KernelNotification.AddressChanged(var address, _) => Own.IsDevice(address.LinkIndex),
                KernelNotification.Overrun => true,
                _ => false,
            };
    }

    /// <summary>Takes out what the kernel refused: the next round has to find it missing.</summary>
    public void Forget(IEnumerable<FailedObject> failed)
    {
        lock (State)
            foreach (var item in failed)
            {
                _missing.Add(item.Key);
                _ = item.Key switch
                {
                    IPNetwork destination => State.Routes.Remove(destination) | State.Blackholes.Remove(destination),
                    (int link, IPAddress address) => State.Neighbors.Remove((link, address)),
                    (int link, MacAddress address) => State.Fdb.Remove((link, address)),
                    uint id => State.Nexthops.Remove(id),
                    _ => false,
                };
            }
    }
}
