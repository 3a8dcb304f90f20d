using System.Collections.Immutable;

namespace FlannelPS.Engine.Reconcile;

/// <summary>How long rounds took: a histogram, as a value.</summary>
/// <param name="Counts">Rounds by the first of <see cref="Bounds"/> that they did not exceed; the last ones exceed all.</param>
/// <param name="Sum">All rounds together.</param>
public sealed record RoundTimes(ImmutableArray<long> Counts, TimeSpan Sum)
{
    /// <summary>Upper bounds, seconds. A round of few peers takes less than the first; one of 16 000 some hundred milliseconds.</summary>
    public static ImmutableArray<double> Bounds { get; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Before the first round.</summary>
    public static RoundTimes None { get; } = new([.. new long[Bounds.Length + 1]], TimeSpan.Zero);

    /// <summary>The same with one round more.</summary>
    public RoundTimes With(TimeSpan took)
    {
        var bucket = 0;
        while (bucket < Bounds.Length && took.TotalSeconds > Bounds[bucket])
            bucket++;
        return new(Counts.SetItem(bucket, Counts[bucket] + 1), Sum + took);
    }
}
