using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Sends changes to the kernel in their order. "Exists" on a put and "not there" on a delete are success.</summary>
internal sealed class KernelProgrammer(RouteSocket socket)
{
    /// <summary>Applies changes; one that fails does not hold up the others.</summary>
    /// <param name="changes">What to do.</param>
    /// <param name="present">What stands: a nexthop id that is new must not take the place of one that somebody else made meanwhile.</param>
    /// <returns>What the kernel refused.</returns>
    public IReadOnlyList<FailedObject> Apply(ChangeSet changes, KernelState present)
    {
        var requests = new List<NetlinkRequest>(changes.Count);
        var keys = new List<object>(changes.Count);
        var failed = new List<FailedObject>();
        foreach (var neighbor in changes.PutNeighbors)
            Add(NeighborRequest.Replace(neighbor), (neighbor.LinkIndex, neighbor.Address));
        foreach (var entry in changes.PutFdb)
            Add(FdbRequest.Replace(entry), (entry.LinkIndex, entry.Address));
        foreach (var nexthop in changes.PutNexthops)
            Add(present.Nexthops.ContainsKey(nexthop.Id) ? NexthopRequest.Replace(nexthop) : NexthopRequest.Add(nexthop), nexthop.Id);
        foreach (var route in changes.PutRoutes)
            Add(RouteRequest.Replace(route), route.Destination);
        Send();

        foreach (var route in changes.DeleteRoutes)
            Add(RouteRequest.Delete(route), route.Destination);
        // A route that could not be moved still goes by its old nexthop, and would go with it.
        if (failed.Count == 0)
            foreach (var nexthop in changes.DeleteNexthops)
                Add(NexthopRequest.Delete(nexthop), nexthop.Id);
        foreach (var entry in changes.DeleteFdb)
            Add(FdbRequest.Delete(entry), (entry.LinkIndex, entry.Address));
        foreach (var neighbor in changes.DeleteNeighbors)
            Add(NeighborRequest.Delete(neighbor), (neighbor.LinkIndex, neighbor.Address));
        Send();
        return failed;

        void Send()
        {
            if (KillPoint.IsChosen(KillPoint.HalfRound) && requests.Count > 1)
            {
                socket.Execute([.. requests.Take(requests.Count / 2)]);
                KillPoint.Pass(KillPoint.HalfRound);
            }
            foreach (var failure in socket.Execute(requests))
                if (!failure.IsAlreadyDone || failure.Request is NexthopRequest { IsDelete: false })
                    failed.Add(new(keys[failure.Index], failure.ToString()));
            requests.Clear();
            keys.Clear();
        }

        void Add(NetlinkRequest request, object key)
        {
            requests.Add(request);
            keys.Add(key);
        }
    }
}
