namespace FlannelPS.Report;

/// <summary>Six colours for round trips: five bounds in steps of 1, 2, 5, laid so that the report's usual time has the second lightest, and what is slower than that stands out.</summary>
/// <param name="Bounds">Milliseconds, rising.</param>
internal sealed record RoundTripScale(IReadOnlyList<double> Bounds)
{
    private static readonly double[] Ladder = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
    private const int Steps = 5;

    /// <summary>The scale that fits these times.</summary>
    public static RoundTripScale Of(IEnumerable<TimeSpan> times)
    {
        var usual = Quantile([.. times.Order()], 0.5)?.TotalMilliseconds ?? 1;
        var second = Array.FindIndex(Ladder, bound => bound >= usual);
        var first = Math.Clamp(second < 0 ? Ladder.Length : second - 1, 0, Ladder.Length - Steps);
        return new([.. Ladder[first..(first + Steps)]]);
    }

    /// <summary>The value below which this part of sorted ones lies.</summary>
    public static TimeSpan? Quantile(IReadOnlyList<TimeSpan> sorted, double part) => sorted.Count == 0 ? null : sorted[(int)Math.Ceiling(part * sorted.Count) - 1];

    /// <summary>Which colour, 0 to 5; null for no time.</summary>
    public int? Step(TimeSpan? time)
        => time is not { } span ? null : Bounds.Count(bound => span.TotalMilliseconds > bound);
}
