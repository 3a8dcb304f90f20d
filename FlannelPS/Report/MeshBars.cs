namespace FlannelPS.Report;

/// <summary>Hundreds of hosts asked about hundreds of hosts: a bar each, divided by the states in which it has the others. The ways that are not well are listed by themselves.</summary>
internal static class MeshBars
{
    private const double Width = 600;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        html.Write($"<p class=\"note\">{ReportText.Count((long)network.Witnesses.Count * network.Hosts.Count)} ways are too many for a cell each: a bar shows how many hosts each one has in which state, those with the most trouble first.</p>\n<div class=\"scroll\"><table class=\"rows bars\"><thead><tr><th>From</th><th>Ways</th><th class=\"number\">RTT, ms, median</th><th class=\"number\">95 %</th><th class=\"number\">Loss, 1 min</th></tr></thead><tbody>\n");
        var rows = Enumerable.Range(0, network.Witnesses.Count)
            .Select(asker => (asker, states: network.Hosts.Select(host => host.StateFor(asker)).Where(state => state != LinkState.Self).GroupBy(state => state).OrderByDescending(group => group.Key).ToList()))
            .OrderByDescending(row => row.states.Where(group => group.Key.IsTrouble()).Sum(group => group.Count()));
        foreach (var (asker, states) in rows)
        {
            var peers = network.Hosts.Select(host => host.Seen[asker]).OfType<PeerFact>().ToList();
            var times = peers.Select(peer => peer.RoundTrip).OfType<TimeSpan>().Order().ToList();
            html.Write($"<tr><td>{network.NameOf(network.Witnesses[asker].Node)}</td><td><svg class=\"bar\" viewBox=\"0 0 {Width} 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{MeshSection.Summary(network, asker)}\">");
            double x = 0, whole = states.Sum(group => group.Count());
            foreach (var group in states)
            {
                var width = group.Count() / whole * Width;
                html.Write($"<rect class=\"cell {(group.Key == LinkState.Reachable ? "r1" : group.Key.ToString())}\" x=\"{x}\" y=\"0\" width=\"{width}\" height=\"12\"><title>{ReportText.Count(group.Count())} {group.Key.Words()}</title></rect>");
                x += width;
            }
            html.Write($"</svg></td><td class=\"number\">{ReportText.Milliseconds(RoundTripScale.Quantile(times, 0.5))}</td><td class=\"number\">{ReportText.Milliseconds(RoundTripScale.Quantile(times, 0.95))}</td><td class=\"number\">{(peers.Exists(peer => peer.LossMinute is not null) ? ReportText.Percent(peers.Average(peer => peer.LossMinute)) : "")}</td></tr>\n");
        }
        html.Write($"</tbody></table></div>\n");
    }
}
