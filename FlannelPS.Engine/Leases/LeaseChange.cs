namespace FlannelPS.Engine.Leases;

/// <summary>What a watch of leases tells.</summary>
internal enum LeaseChangeKind
{
    /// <summary>A lease came into being.</summary>
    Added,

    /// <summary>A lease was written again.</summary>
    Updated,

    /// <summary>A lease was deleted or expired, or its key is no lease any more.</summary>
    Removed,

    /// <summary>Some of the history is gone; what follows is the difference between what was told and what stands.</summary>
    Reset,

    /// <summary>The store cannot be followed at present.</summary>
    Broken,

    /// <summary>It is followed again, without a gap.</summary>
    Resumed,
}

/// <summary>One thing a watch tells.</summary>
/// <param name="Kind">What.</param>
/// <param name="Lease">The lease, of a removed one as it was last seen; null where it is about none.</param>
/// <param name="Revision">Store revision; 0 where the store told none.</param>
/// <param name="Problem">Why the store cannot be followed; empty otherwise.</param>
internal sealed record LeaseChange(LeaseChangeKind Kind, Lease? Lease, long Revision, string Problem = "")
{
    /// <summary>Whether it is about leases, rather than about the way to the store.</summary>
    public bool IsOfLeases => Kind is not (LeaseChangeKind.Broken or LeaseChangeKind.Resumed);
}

/// <summary>What a watch shall begin and end with.</summary>
/// <param name="Existing">Tell what stands already as added.</param>
/// <param name="Since">Tell from the change after this revision on; null for from now on.</param>
/// <param name="Count">End after so many changes.</param>
/// <param name="Limit">End after this time; infinite for never.</param>
internal sealed record LeaseWatchRequest(bool Existing, long? Since, long Count, TimeSpan Limit);
