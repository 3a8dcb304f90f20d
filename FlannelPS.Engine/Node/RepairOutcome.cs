using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <summary>What of a node can be looked at again.</summary>
[Flags]
public enum NodeParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The own lease in the store.</summary>
    Lease = 1,

    /// <summary>Devices, addresses, neighbours, forwarding entries, routes and nexthops.</summary>
    Kernel = 2,

    /// <summary>The subnet file.</summary>
    SubnetFile = 4,

    /// <summary>All of it.</summary>
    All = Lease | Kernel | SubnetFile,
}

/// <summary>What became of one part.</summary>
/// <param name="Part">Which.</param>
/// <param name="Repaired">How many objects were put right; 0 where all was as it should be.</param>
/// <param name="Problem">Why it is not as it should be; empty when it is.</param>
/// <param name="Changes">For the kernel: what was put right.</param>
public sealed record RepairOutcome(NodeParts Part, int Repaired, string Problem, RoundChanges? Changes = null);
