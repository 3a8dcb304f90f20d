namespace FlannelPS.Engine.Etcd;

/// <summary>The calls of a store, under etcd's names.</summary>
internal enum StoreMethod
{
    Range,
    Txn,
    Put,
    DeleteRange,
    Watch,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseRevoke,
    LeaseTimeToLive,
    Status,
}

/// <summary>What one method was asked for, since the start.</summary>
/// <param name="Method">Which.</param>
/// <param name="Requests">Calls that have ended; streams that were opened, for the watch.</param>
/// <param name="Failures">Those that failed.</param>
/// <param name="Time">How long they took together; nothing for the watch.</param>
internal readonly record struct StoreMethodCount(StoreMethod Method, long Requests, long Failures, TimeSpan Time);

/// <summary>What was asked of a store, since the start.</summary>
/// <param name="Methods">Method by method.</param>
/// <param name="Events">Changes that watches told.</param>
/// <param name="LastAnswer">When it answered last; null for never.</param>
internal sealed record StoreCounters(IReadOnlyList<StoreMethodCount> Methods, long Events, DateTimeOffset? LastAnswer)
{
    /// <summary>Before the first call.</summary>
    public static StoreCounters None { get; } = new([.. Enum.GetValues<StoreMethod>().Select(method => new StoreMethodCount(method, 0, 0, TimeSpan.Zero))], 0, null);
}
