namespace FlannelPS.Engine.Probing;

/// <summary>How many probes were sent and lost in the last minute and hour.</summary>
/// <remarks>Sixty buckets of a minute for the hour, and twelve of five seconds for the minute: a window moves in such steps.</remarks>
internal sealed class LossWindow
{
    private const int Minutes = 60, Steps = 12;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private readonly Bucket[] _hour = new Bucket[Minutes];
    private readonly Bucket[] _minute = new Bucket[Steps];

    private struct Bucket
    {
        public long Turn;
        public ushort Sent;
        public ushort Lost;
    }

    /// <summary>Which part was lost in the last minute; null for no probe.</summary>
    public double? Minute(TimeSpan now) => Ratio(_minute, Turn(now, Step));

    /// <summary>Which part was lost in the last hour; null for no probe.</summary>
    public double? Hour(TimeSpan now) => Ratio(_hour, Turn(now, TimeSpan.FromMinutes(1)));

    /// <summary>How many were lost in the last minute.</summary>
    public int LostInMinute(TimeSpan now)
    {
        var (turn, lost) = (Turn(now, Step), 0);
        foreach (var bucket in _minute)
            if (turn - bucket.Turn < Steps)
                lost += bucket.Lost;
        return lost;
    }

    /// <summary>Takes in what became of a probe.</summary>
    /// <param name="at">When it was sent, since any fixed moment.</param>
    /// <param name="lost">Whether no answer came.</param>
    public void Add(TimeSpan at, bool lost)
    {
        Add(_minute, Turn(at, Step), lost);
        Add(_hour, Turn(at, TimeSpan.FromMinutes(1)), lost);
    }

    /// <summary>What had counted as lost was answered late.</summary>
    public void Recover(TimeSpan at)
    {
        Recover(_minute, Turn(at, Step));
        Recover(_hour, Turn(at, TimeSpan.FromMinutes(1)));
    }

    private static long Turn(TimeSpan at, TimeSpan step) => at.Ticks / step.Ticks + 1;    // 0 is an unused bucket's

    private static void Add(Bucket[] buckets, long turn, bool lost)
    {
        ref var bucket = ref buckets[turn % buckets.Length];
        if (bucket.Turn != turn)
            bucket = new() { Turn = turn };
        bucket.Sent++;
        if (lost)
            bucket.Lost++;
    }

    private static void Recover(Bucket[] buckets, long turn)
    {
        ref var bucket = ref buckets[turn % buckets.Length];
        if (bucket.Turn == turn && bucket.Lost > 0)
            bucket.Lost--;
    }

    private static double? Ratio(Bucket[] buckets, long turn)
    {
        var (sent, lost) = (0, 0);
        foreach (var bucket in buckets)
            if (bucket.Turn > 0 && turn - bucket.Turn < buckets.Length)
                (sent, lost) = (sent + bucket.Sent, lost + bucket.Lost);
        return sent == 0 ? null : (double)lost / sent;
    }
}
