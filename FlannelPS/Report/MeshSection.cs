namespace FlannelPS.Report;

/// <summary>The mesh as a heat map: a row for each host that was asked, a column for each host there is.</summary>
internal static class MeshSection
{
    /// <summary>With so many hosts each cell has its numbers in it, and with so many each row and column its name.</summary>
    private const int MostNumbers = 16, MostNames = 100;

    /// <summary>More cells make a page that no browser likes; a row is a bar then.</summary>
    private const int MostCells = 40_000;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var (rows, columns) = (network.Witnesses.Count, network.Hosts.Count);
        if (columns < 2)
            return;
        var scale = RoundTripScale.Of(network.Ways().Select(way => way.Peer?.RoundTrip).OfType<TimeSpan>());
        html.Write($"<section><h3>Mesh</h3>\n<p class=\"lead\">Round trip and loss through the tunnel, {(rows == 1 ? "from the one host that was asked" : $"a row for each of the {ReportText.Count(rows)} hosts that were asked")}; {Order(rows, columns)}, in the order of their subnets. {(rows < columns ? "What a host without a row sees is not known." : "")}</p>\n");
        Legend(html, network, scale);
        if (columns <= MostNumbers)
            MeshTable.Write(html, network, scale);
        else if (columns <= MostNames && rows > 1)
            MeshMatrix.Write(html, network, scale);
        else if ((long)rows * columns <= MostCells)
            MeshStrips.Write(html, network, scale);
        else
            MeshBars.Write(html, network);
        html.Write($"</section>\n");
    }

    private static string Order(int rows, int columns) => columns <= MostNumbers || columns <= MostNames && rows > 1 ? "the columns are all hosts" : "the cells are all hosts, line by line";

    private static void Legend(HtmlWriter html, NetworkPicture network, RoundTripScale scale)
    {
        var ways = network.Ways().ToList();
        html.Write($"<ul class=\"legend\">");
        if (ways.Exists(way => way.Peer?.RoundTrip is not null))
        {
            html.Write($"<li class=\"scale\"><span>RTT, ms</span>");
            for (var step = 0; step <= scale.Bounds.Count; step++)
                html.Write($"<span class=\"step\"><i class=\"cell r{step}\"></i>{(step < scale.Bounds.Count ? $"≤ {Bound(scale.Bounds[step])}" : $"> {Bound(scale.Bounds[^1])}")}</span>");
            html.Write($"</li>");
        }
        if (ways.Exists(way => way.Peer?.LossMinute > 0))
            html.Write($"<li class=\"scale\"><span>Loss</span><span class=\"step\"><i class=\"cell r1 l1\"></i>≤ 2 %</span><span class=\"step\"><i class=\"cell r1 l2\"></i>≤ 10 %</span><span class=\"step\"><i class=\"cell r1 l3\"></i>≤ 30 %</span><span class=\"step\"><i class=\"cell r1 l4\"></i>more</span></li>");
        foreach (var state in ways.Select(way => way.State).Where(state => state is not (LinkState.Reachable or LinkState.Lossy)).Append(LinkState.Self).Distinct().Order())
            html.Write($"<li><i class=\"cell {state}\"></i>{state.Words()}</li>");
        html.Write($"</ul>\n");
    }

    private static string Bound(double bound) => bound.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What a row says in sum.</summary>
    internal static string Summary(NetworkPicture network, int asker)
        => string.Join(", ", network.Hosts.Select(host => host.StateFor(asker)).Where(state => state != LinkState.Self).GroupBy(state => state).OrderByDescending(group => group.Key)
            .Select(group => $"{ReportText.Count(group.Count())} {group.Key.Words()}"));
}
