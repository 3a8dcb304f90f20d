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

/// <summary>What was asked of a store, since the start. Counted by many, read by any; each number is right, and all of them nearly of one moment.</summary>
internal sealed class StoreCounters
{
    private readonly long[] _requests = new long[Methods.Length];
    private readonly long[] _failures = new long[Methods.Length];
    private readonly long[] _ticks = new long[Methods.Length];
    private long _events;
    private long _lastAnswer;

    /// <summary>All methods.</summary>
    public static StoreMethod[] Methods { get; } =
    [
        StoreMethod.Range, StoreMethod.Txn, StoreMethod.Put, StoreMethod.DeleteRange, StoreMethod.Watch, StoreMethod.LeaseGrant, StoreMethod.LeaseKeepAlive, StoreMethod.LeaseRevoke,
        StoreMethod.LeaseTimeToLive, StoreMethod.Status,
    ];

    /// <summary>Changes that watches told.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>When it answered last; null for never.</summary>
    public DateTimeOffset? LastAnswer => Interlocked.Read(ref _lastAnswer) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Calls that have ended; streams that were opened, for the watch.</summary>
    public long Requests(StoreMethod method) => Interlocked.Read(ref _requests[(int)method]);

    /// <summary>Those that failed.</summary>
    public long Failures(StoreMethod method) => Interlocked.Read(ref _failures[(int)method]);

    /// <summary>How long they took together; nothing for the watch.</summary>
    public TimeSpan Time(StoreMethod method) => TimeSpan.FromTicks(Interlocked.Read(ref _ticks[(int)method]));

    internal void Ended(StoreMethod method, TimeSpan took)
    {
        Interlocked.Add(ref _ticks[(int)method], took.Ticks);
        Interlocked.Increment(ref _requests[(int)method]);
    }

    internal void Failed(StoreMethod method) => Interlocked.Increment(ref _failures[(int)method]);

    internal void Told(int events) => Interlocked.Add(ref _events, events);

    internal void Answered(DateTimeOffset when) => Interlocked.Exchange(ref _lastAnswer, when.UtcTicks);
}
