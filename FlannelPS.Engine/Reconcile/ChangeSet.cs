using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>What has to be done to make the kernel equal to what is wanted, in the order in which it is done.</summary>
/// <remarks>Neighbour and forwarding entry stand before the route, so that the kernel never asks for a gateway it could know; deleting goes the other way.</remarks>
public sealed class ChangeSet
{
    /// <summary>Entries to put.</summary>
    public List<Neighbor> PutNeighbors { get; } = [];

    /// <summary>Entries to put.</summary>
    public List<FdbEntry> PutFdb { get; } = [];

    /// <summary>Objects to put.</summary>
    public List<Nexthop> PutNexthops { get; } = [];

    /// <summary>Routes to put.</summary>
    public List<Route> PutRoutes { get; } = [];

    /// <summary>Routes to delete.</summary>
    public List<Route> DeleteRoutes { get; } = [];

    /// <summary>Objects to delete, once no route refers to them.</summary>
    public List<Nexthop> DeleteNexthops { get; } = [];

    /// <summary>Entries to delete.</summary>
    public List<FdbEntry> DeleteFdb { get; } = [];

    /// <summary>Entries to delete.</summary>
    public List<Neighbor> DeleteNeighbors { get; } = [];

    /// <summary>Leaves everything that stands: who is still there is not known (D7).</summary>
    public void DeleteNothing()
    {
        DeleteRoutes.Clear();
        DeleteNexthops.Clear();
        DeleteFdb.Clear();
        DeleteNeighbors.Clear();
    }

    /// <summary>How many changes there are.</summary>
    public int Count => Puts + DeleteRoutes.Count + DeleteNexthops.Count + DeleteFdb.Count + DeleteNeighbors.Count;

    /// <summary>How many objects are put.</summary>
    public int Puts => PutNeighbors.Count + PutFdb.Count + PutNexthops.Count + PutRoutes.Count;
}
