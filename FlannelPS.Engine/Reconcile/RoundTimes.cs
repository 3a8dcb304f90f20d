namespace FlannelPS.Engine.Reconcile;

/// <summary>How long rounds took: a histogram, as a value.</summary>
public sealed class RoundTimes
{
    private readonly long[] _counts;

    private RoundTimes(long[] counts, TimeSpan sum) => (_counts, Sum) = (counts, sum);

    /// <summary>Upper bounds, seconds. A round of few peers takes less than the first; one of 16 000 some hundred milliseconds.</summary>
    public static IReadOnlyList<double> Bounds { get; } = new[] { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 };

    /// <summary>Before the first round.</summary>
    public static RoundTimes None { get; } = new(new long[Bounds.Count + 1], TimeSpan.Zero);

    /// <summary>Rounds by the first of <see cref="Bounds"/> that they did not exceed; the last ones exceed all.</summary>
    public IReadOnlyList<long> Counts => _counts;

    /// <summary>All rounds together.</summary>
    public TimeSpan Sum { get; }

    /// <summary>The same with one round more.</summary>
    public RoundTimes With(TimeSpan took)
    {
        var bucket = 0;
        while (bucket < Bounds.Count && took.TotalSeconds > Bounds[bucket])
            bucket++;
        var counts = (long[])_counts.Clone();
        counts[bucket]++;
        return new(counts, Sum + took);
    }
}
