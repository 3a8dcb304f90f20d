namespace FlannelPS.Engine.DataPath;

/// <summary>What one direction has done. Written by its one thread, read by any; each number is right, and all of them nearly of one moment.</summary>
public sealed class DirectionCounters
{
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];

    // Padding: the two directions' hot numbers do not share a cache line.
    private readonly long[] _numbers = new long[16 + Numbers + 8];

    private const int First = 16, Numbers = 6;
    private const int PacketsAt = First, BytesAt = First + 1, CallsAt = First + 2, MergedAt = First + 3, LargestBatchAt = First + 4, ErrorsSentAt = First + 5;

    /// <summary>Packets carried.</summary>
    public long Packets => Volatile.Read(ref _numbers[PacketsAt]);

    /// <summary>Bytes of them, without outer headers.</summary>
    public long Bytes => Volatile.Read(ref _numbers[BytesAt]);

    /// <summary>Calls into the kernel that carried them: sends, or writes to the device.</summary>
    public long Calls => Volatile.Read(ref _numbers[CallsAt]);

    /// <summary>Packets that went as part of a longer one.</summary>
    public long Merged => Volatile.Read(ref _numbers[MergedAt]);

    /// <summary>The most packets that one round carried.</summary>
    public long LargestBatch => Volatile.Read(ref _numbers[LargestBatchAt]);

    /// <summary>ICMP errors sent.</summary>
    public long ErrorsSent => Volatile.Read(ref _numbers[ErrorsSentAt]);

    /// <summary>Packets dropped for a reason.</summary>
    public long Dropped(DropReason reason) => Volatile.Read(ref _drops[(int)reason]);

    internal void Carried(int packets, long bytes, int calls, int merged)
    {
        Add(PacketsAt, packets);
        Add(BytesAt, bytes);
        Add(CallsAt, calls);
        Add(MergedAt, merged);
    }

    internal void Round(int packets)
    {
        if (packets > _numbers[LargestBatchAt])
            Volatile.Write(ref _numbers[LargestBatchAt], packets);
    }

    internal void Drop(DropReason reason, int packets = 1) => Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + packets);

    internal void ErrorSent() => Add(ErrorsSentAt, 1);

    private void Add(int number, long value) => Volatile.Write(ref _numbers[number], _numbers[number] + value);
}

/// <summary>What a tunnel has done since it was made.</summary>
public sealed class TunnelCounters
{
    /// <summary>From the device to the peers.</summary>
    public DirectionCounters Sent { get; } = new();

    /// <summary>From the peers to the device.</summary>
    public DirectionCounters Received { get; } = new();
}
