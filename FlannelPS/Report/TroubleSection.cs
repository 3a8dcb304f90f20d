namespace FlannelPS.Report;

/// <summary>What needs a look, the gravest first: a table of ways that are not well, in words.</summary>
internal static class TroubleSection
{
    /// <summary>More rows are shown when asked for.</summary>
    private const int Shown = 14;

    /// <summary>More are counted: what is so large is no list for an eye.</summary>
    private const int Most = 500;

    /// <summary>Writes it; nothing where all is well.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var rows = network.Ways().Where(way => way.State.IsTrouble())
            .OrderByDescending(way => way.State).ThenByDescending(way => way.Peer?.LossMinute ?? 0).ToList();
        if (rows.Count == 0)
            return;
        html.Write($"<section><h3>Ways that are not well</h3>\n<p class=\"lead\">{string.Join(", ", rows.GroupBy(way => way.State).Select(group => $"{ReportText.Count(group.Count())} {group.Key.Words()}"))}.</p>\n");
        // Of every kind some: two hundred refused leases must not hide the one host that is away.
        var kinds = rows.GroupBy(way => way.State).ToList();
        var first = rows.Count <= Shown ? rows : [.. kinds.SelectMany(group => group.Take(Math.Max(2, Shown / kinds.Count)))];
        var rest = rows.Except(first).ToList();
        Table(html, network, first);
        if (rest.Count > 0)
        {
            html.Write($"<details><summary>{ReportText.Count(Math.Min(rest.Count, Most))} more</summary>\n");
            Table(html, network, rest.Take(Most));
            if (rest.Count > Most)
                html.Write($"<p class=\"note\">And {ReportText.Count(rest.Count - Most)} that are not listed.</p>\n");
            html.Write($"</details>\n");
        }
        html.Write($"</section>\n");
    }

    private static void Table(HtmlWriter html, NetworkPicture network, IEnumerable<(Witness From, HostView To, LinkState State, PeerFact? Peer)> rows)
    {
        html.Write($"<div class=\"scroll\"><table class=\"rows\"><thead><tr><th>From</th><th>To</th><th>Subnet</th><th>State</th><th class=\"number\">RTT, ms</th><th class=\"number\">Loss, 1 min</th><th class=\"number\">MTU</th><th>Reason</th></tr></thead><tbody>\n");
        foreach (var (from, to, state, peer) in rows)
            html.Write($"<tr><td>{network.NameOf(from.Node)}</td><td>{to.Name}</td><td class=\"mono\">{to.Subnet.ToString()}</td><td><span class=\"chip {state}\">{(peer is null ? "Not known" : peer.Word)}</span></td><td class=\"number\">{ReportText.Milliseconds(peer?.RoundTrip)}</td><td class=\"number\">{ReportText.Percent(peer?.LossMinute)}</td><td class=\"number\">{peer?.Mtu?.ToString() ?? ""}</td><td class=\"wide\">{(peer is null ? "the node that was asked has no such peer" : peer.Reason)}</td></tr>\n");
        html.Write($"</tbody></table></div>\n");
    }
}
