namespace FlannelPS;

/// <summary>What Watch-FlannelLease tells of a lease.</summary>
public enum FlannelLeaseEventType
{
    /// <summary>It came into being.</summary>
    Added,

    /// <summary>It was written again: a renewal, or another address or backend.</summary>
    Updated,

    /// <summary>It was deleted, or expired.</summary>
    Removed,

    /// <summary>Part of the history is gone. What follows is the difference between what was told before and what stands now.</summary>
    Reset,
}
