using FlannelPS.Engine.Backends;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Objects that were put back after somebody else had changed or removed them.</summary>
/// <param name="Devices">Devices made anew or corrected.</param>
/// <param name="Neighbors">ARP and NDP entries.</param>
/// <param name="Fdb">Forwarding entries.</param>
/// <param name="Nexthops">Nexthop objects.</param>
/// <param name="Routes">Routes, the blackhole among them.</param>
public sealed record RepairCounts(long Devices, long Neighbors, long Fdb, long Nexthops, long Routes)
{
    /// <summary>Nothing.</summary>
    public static RepairCounts None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>All but the devices.</summary>
    public long Objects => Neighbors + Fdb + Nexthops + Routes;

    /// <summary>Both together.</summary>
    public static RepairCounts operator +(RepairCounts one, RepairCounts other)
        => new(one.Devices + other.Devices, one.Neighbors + other.Neighbors, one.Fdb + other.Fdb, one.Nexthops + other.Nexthops, one.Routes + other.Routes);

    /// <summary>Objects that the last round had left and that are to be put again.</summary>
    internal static RepairCounts Of(ChangeSet changes, KernelState left)
        => new(
            0,
            changes.PutNeighbors.Count(entry => left.Neighbors.TryGetValue((entry.LinkIndex, entry.Address), out var was) && was == entry),
            changes.PutFdb.Count(entry => left.Fdb.TryGetValue((entry.LinkIndex, entry.Address), out var was) && was == entry),
            changes.PutNexthops.Count(nexthop => left.Nexthops.TryGetValue(nexthop.Id, out var was) && was == nexthop),
            changes.PutRoutes.Count(route => left.Routes.TryGetValue(route.Destination, out var was) && was == route)
                + changes.PutRoutes.Count(route => left.Blackholes.TryGetValue(route.Destination, out var was) && was == route));
}
