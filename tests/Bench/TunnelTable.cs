using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>Measures the udp backend's lines, in turn, and writes its table.</summary>
internal static class TunnelTable
{
    /// <summary>Its head.</summary>
    public const string Head = "| what | measured in turn: median (least to most) | ratio to the second | to the third | to reach |\n| --- | --- | ---: | ---: | --- |";

    /// <summary>Measures one line.</summary>
    /// <returns>The line, and how many measurements failed.</returns>
    public static async Task<(string Line, int Failures)> MeasureAsync(TunnelRow row, CancellationToken cancellationToken)
    {
        var pairings = row.Pairings.Select((pairing, at) => (Pairing: pairing, Peers: row.Peers?[at] ?? 0)).Where(item => !item.Pairing.NeedsOriginal || Programs.Flanneld is not null).ToList();
        var figures = pairings.Select(_ => new List<double>()).ToList();
        int failures = 0;
        for (int round = 1; round <= row.Rounds; round++)
        {
            for (int at = 0; at < pairings.Count; at++)
            {
                try
                {
                    using var bed = await TunnelBed.CreateAsync(pairings[at].Pairing, row, pairings[at].Peers, cancellationToken);
                    double figure = await row.MeasureAsync(bed, cancellationToken);
                    figures[at].Add(figure);
                    Console.WriteLine($"{row.Name} {pairings[at].Pairing.Name} {round}/{row.Rounds}: {figure:0.###} {row.Unit}");
                }
                catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
                {
                    failures++;
                    Console.WriteLine($"{row.Name} {pairings[at].Pairing.Name} {round}/{row.Rounds}: failed: {failure.Message}");
                }
            }
        }

        var cells = pairings.Select((item, at) => $"{item.Pairing.Name}{(row.Peers is null ? "" : $" ({item.Peers + 1} peers)")} {Cell(figures[at], row.Unit)}");
        return ($"| {row.What} | {string.Join("; ", cells)} | {Ratio(figures, 1)} | {Ratio(figures, 2)} | {row.ToReach} |", failures);
    }

    private static string Cell(List<double> figures, string unit) =>
        figures.Count == 0 ? "failed" : $"{Table.Median(figures):0.###} {unit} ({figures.Min():0.###} to {figures.Max():0.###})";

    // Round by round, so that what slows the machine down for a while does not count.
    private static string Ratio(List<List<double>> figures, int other)
    {
        if (figures.Count <= other || figures[0].Count == 0 || figures[0].Count != figures[other].Count || figures[other].Any(figure => figure == 0))
        {
            return "";
        }

        return Table.Median(figures[0].Zip(figures[other], (ours, theirs) => ours / theirs)).ToString("0.##");
    }
}
