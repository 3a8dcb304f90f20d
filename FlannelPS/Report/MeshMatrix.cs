namespace FlannelPS.Report;

/// <summary>Some dozens of hosts: small squares, with the name of each row and column.</summary>
internal static class MeshMatrix
{
    private const double Side = 15;
    private const int LongestName = 20;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network, RoundTripScale scale)
    {
        var (rows, columns) = (network.Witnesses.Count, network.Hosts.Count);
        var longest = 6.4 * network.Hosts.Max(host => Math.Min(host.Name.Length, LongestName));
        // Names of columns lean to the right by 35 degrees.
        var (left, top) = (longest + 12, longest * 0.82 + 16);
        var (width, height) = (left + columns * Side + longest * 0.58 + 8, top + rows * Side + 4);
        html.Write($"<div class=\"scroll\"><svg class=\"matrix\" role=\"img\" aria-label=\"{rows} hosts and how each has {columns} hosts\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n");
        for (var column = 0; column < columns; column++)
            html.Write($"<text transform=\"translate({left + column * Side + Side / 2 + 3} {top - 6}) rotate(-55)\">{ReportText.Cut(network.Hosts[column].Name, LongestName)}</text>\n");
        for (var asker = 0; asker < rows; asker++)
        {
            var (name, y) = (network.NameOf(network.Witnesses[asker].Node), top + asker * Side);
            html.Write($"<text class=\"row\" x=\"{left - 8}\" y=\"{y + Side - 4}\">{ReportText.Cut(name, LongestName)}</text>");
            for (var column = 0; column < columns; column++)
            {
                var host = network.Hosts[column];
                var (state, peer, x) = (host.StateFor(asker), host.Seen[asker], left + column * Side);
                html.Write($"<rect class=\"cell {MeshCell.Classes(state, peer, scale)}\" x=\"{x}\" y=\"{y}\" width=\"{Side - 1}\" height=\"{Side - 1}\" rx=\"2\"><title>{MeshCell.Title(name, host, state, peer)}</title></rect>");
                // A style sheet has no gradients for shapes: the bar of the loss is one of its own, what is wrong has a sign.
                if (state is LinkState.Reachable or LinkState.Lossy or LinkState.MtuLimited && peer?.LossMinute is > 0 and { } loss && (loss <= 0.02 ? 3 : loss <= 0.1 ? 5 : loss <= 0.3 ? 8 : 11) is var bar)
                    html.Write($"<rect class=\"loss\" x=\"{x}\" y=\"{y + Side - 1 - bar}\" width=\"{Side - 1}\" height=\"{bar}\" rx=\"1\"/>");
                else if (state is LinkState.Unreachable or LinkState.OneWay or LinkState.Failed or LinkState.Refused)
                    html.Write($"<path class=\"sign {state}\" d=\"{Sign(state, x, y)}\"/>");
            }
            html.Write($"\n");
        }
        html.Write($"</svg></div>\n");
    }

    private static string Sign(LinkState state, double x, double y)
        => state switch
        {
            LinkState.Unreachable => FormattableString.Invariant($"M{x + 4} {y + 4}l6 6m0 -6l-6 6"),
            LinkState.OneWay => FormattableString.Invariant($"M{x + 3} {y + 7}h7m-3 -3l3 3l-3 3"),
            LinkState.Failed => FormattableString.Invariant($"M{x + 7} {y + 3}v5m0 2v1.5"),
            _ => FormattableString.Invariant($"M{x + 3} {y + 11}l8 -8"),
        };
}
