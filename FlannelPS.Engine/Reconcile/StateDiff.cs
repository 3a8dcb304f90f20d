using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Compares what is wanted with what stands. Pure; applying the result twice is harmless.</summary>
public static class StateDiff
{
    /// <summary>Computes the changes.</summary>
    /// <param name="wanted">What should stand.</param>
    /// <param name="present">What stands, ours and others'.</param>
    /// <param name="own">Which of it may be deleted.</param>
    public static ChangeSet Of(KernelState wanted, KernelState present, Ownership own)
    {
        var changes = new ChangeSet();
        Compare(wanted.Neighbors, present.Neighbors, static (one, other) => one == other,
            entry => own.IsDevice(entry.LinkIndex) && entry.State == Neighbor.NUD_PERMANENT, changes.PutNeighbors, changes.DeleteNeighbors);
        Compare(wanted.Fdb, present.Fdb, static (one, other) => one == other,
            entry => own.IsDevice(entry.LinkIndex) && entry.State == Neighbor.NUD_PERMANENT, changes.PutFdb, changes.DeleteFdb);
        Compare(wanted.Routes, present.Routes, own.Serves, own.Owns, changes.PutRoutes, changes.DeleteRoutes);

        Compare(wanted.Blackholes, present.Blackholes, static (one, other) => one.Protocol == other.Protocol, own.Owns, changes.PutRoutes, changes.DeleteRoutes);

        // A nexthop that a route of somebody else's refers to is theirs too, whatever it looks like.
        var referred = present.Routes.Values.Where(route => route.NexthopId != 0 && !own.Owns(route)).Select(route => route.NexthopId).ToHashSet();
        Compare(wanted.Nexthops, present.Nexthops, static (one, other) => one == other,
            nexthop => nexthop.Protocol == Route.RTPROT_FLANNELPS && !referred.Contains(nexthop.Id), changes.PutNexthops, changes.DeleteNexthops);
        return changes;
    }

    private static void Compare<TKey, TObject>(
        Dictionary<TKey, TObject> wanted, Dictionary<TKey, TObject> present, Func<TObject, TObject, bool> serves, Func<TObject, bool> owned,
        List<TObject> put, List<TObject> delete)
        where TKey : notnull
    {
        foreach (var (key, value) in wanted)
            if (!present.TryGetValue(key, out var stands) || !serves(value, stands))
                put.Add(value);
        foreach (var (key, value) in present)
            if (!wanted.ContainsKey(key) && owned(value))
                delete.Add(value);
    }
}
