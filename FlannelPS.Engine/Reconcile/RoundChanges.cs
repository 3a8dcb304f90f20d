namespace FlannelPS.Engine.Reconcile;

/// <summary>What a round had to put right in the kernel, without what was refused.</summary>
/// <param name="Devices">Devices made, replaced or corrected.</param>
/// <param name="Neighbors">ARP and NDP entries put.</param>
/// <param name="Fdb">Forwarding entries put.</param>
/// <param name="Nexthops">Nexthop objects put.</param>
/// <param name="Routes">Routes put.</param>
/// <param name="Deleted">Objects of ours that nothing asks for any more.</param>
public sealed record RoundChanges(int Devices, int Neighbors, int Fdb, int Nexthops, int Routes, int Deleted)
{
    /// <summary>Nothing.</summary>
    public static RoundChanges None { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>All together.</summary>
    public int Count => Devices + Neighbors + Fdb + Nexthops + Routes + Deleted;

    /// <summary>Counts what was done.</summary>
    internal static RoundChanges Of(int devices, ChangeSet changes, IReadOnlyList<FailedObject> refused)
    {
        var failed = refused.Select(item => item.Key).ToHashSet();
        return new(
            devices,
            changes.PutNeighbors.Count(entry => !failed.Contains((entry.LinkIndex, entry.Address))),
            changes.PutFdb.Count(entry => !failed.Contains((entry.LinkIndex, entry.Address))),
            changes.PutNexthops.Count(nexthop => !failed.Contains(nexthop.Id)),
            changes.PutRoutes.Count(route => !failed.Contains(route.Destination)),
            changes.Count - changes.Puts - changes.DeleteRoutes.Count(route => failed.Contains(route.Destination)));
    }
}
