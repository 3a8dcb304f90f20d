using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Reconcile;

/// <summary>An object that the kernel refuses, or that somebody else keeps from us.</summary>
/// <param name="Key">The kernel's key of it.</param>
/// <param name="Reason">One line, with the operation and the kernel's words.</param>
public sealed record FailedObject(object Key, string Reason);

/// <summary>How the last round went.</summary>
/// <param name="Peers">Leases that are programmed.</param>
/// <param name="Refused">Leases that are not believed.</param>
/// <param name="Failed">Objects that could not be put.</param>
/// <param name="Objects">Objects that should stand.</param>
/// <param name="Rounds">Rounds since the start.</param>
/// <param name="Repairs">Objects put back after somebody else had changed them, since the start.</param>
/// <param name="LastRound">How long the last round took.</param>
/// <param name="IsProgrammed">Whether the first complete list of leases has been programmed.</param>
/// <param name="Ignored">Leases above the most a node takes in.</param>
/// <param name="Problem">Why rounds fail at present; empty when they do not.</param>
public sealed record ReconcileStatus(
    IReadOnlyList<Lease> Peers, IReadOnlyList<RefusedPeer> Refused, IReadOnlyList<FailedObject> Failed, int Objects, long Rounds, long Repairs,
    TimeSpan LastRound, bool IsProgrammed, int Ignored, string Problem)
{
    /// <summary>What the last round changed.</summary>
    public RoundChanges Changes { get; init; } = RoundChanges.None;

    /// <summary>What was put back after somebody else had changed it, by kind, since the start.</summary>
    public RepairCounts RepairsByKind { get; init; } = RepairCounts.None;

    /// <summary>How long rounds took, since the start.</summary>
    public RoundTimes Times { get; init; } = RoundTimes.None;

    /// <summary>Rounds that could not be run, since the start.</summary>
    public long FailedRounds { get; init; }

    /// <summary>What the devices stand as: planned from in the last round that did not fail; null before.</summary>
    public Overlay? Overlay { get; init; }

    /// <summary>Before the first round.</summary>
    public static ReconcileStatus None { get; } = new([], [], [], 0, 0, 0, TimeSpan.Zero, false, 0, "");
}
