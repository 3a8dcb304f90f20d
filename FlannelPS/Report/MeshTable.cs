namespace FlannelPS.Report;

/// <summary>A few hosts: a table with the numbers in its cells.</summary>
internal static class MeshTable
{
    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network, RoundTripScale scale)
    {
        html.Write($"<div class=\"scroll\"><table class=\"mesh\"><thead><tr><th scope=\"col\">from \\ to</th>");
        foreach (var host in network.Hosts)
            html.Write($"<th scope=\"col\" title=\"{host.Place}\"><span>{ReportText.Cut(host.Name, 14)}</span></th>");
        html.Write($"</tr></thead><tbody>\n");
        for (var asker = 0; asker < network.Witnesses.Count; asker++)
        {
            var name = network.NameOf(network.Witnesses[asker].Node);
            html.Write($"<tr><th scope=\"row\"><span>{ReportText.Cut(name, 22)}</span></th>");
            foreach (var host in network.Hosts)
            {
                var (state, peer) = (host.StateFor(asker), host.Seen[asker]);
                html.Write($"<td class=\"cell {MeshCell.Classes(state, peer, scale)}\" title=\"{MeshCell.Title(name, host, state, peer)}\">{Figure(state, peer)}");
                if (peer?.LossMinute is > 0 and { } loss && state is LinkState.Reachable or LinkState.Lossy or LinkState.MtuLimited)
                    html.Write($"<small>{ReportText.Percent(peer!.LossMinute)} lost</small>");
                html.Write($"</td>");
            }
            html.Write($"</tr>\n");
        }
        html.Write($"</tbody></table></div>\n");
    }

    private static string Figure(LinkState state, PeerFact? peer)
        => state switch
        {
            LinkState.Self => "",
            LinkState.Reachable or LinkState.Lossy or LinkState.MtuLimited when peer?.RoundTrip is { } time => ReportText.Milliseconds(time),
            LinkState.Reachable => "yes",
            LinkState.Programmed => "not probed",
            LinkState.Absent => "not known",
            _ => state.Words(),
        };
}
