namespace FlannelPS.Report;

/// <summary>All hosts of a network in a table, those in trouble first.</summary>
internal static class HostSection
{
    private const int Shown = 40;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network, DateTimeOffset taken)
    {
        var hosts = network.Hosts.OrderByDescending(host => host.Worst?.IsTrouble() == true ? host.Worst : null).ThenBy(host => host.Node is null).ToList();
        if (hosts.Count == 0)
            return;
        html.Write($"<section><h3>Hosts</h3>\n<p class=\"lead\">What is seen of each host, by the {ReportText.Count(network.Witnesses.Count, "host")} that {(network.Witnesses.Count == 1 ? "was" : "were")} asked{(hosts.Exists(host => host.Worst?.IsTrouble() == true) ? "; those in trouble first" : "")}.</p>\n");
        Table(html, hosts.Take(Shown), taken);
        if (hosts.Count > Shown)
        {
            html.Write($"<details><summary>{ReportText.Count(hosts.Count - Shown)} more</summary>\n");
            Table(html, hosts.Skip(Shown), taken);
            html.Write($"</details>\n");
        }
        html.Write($"</section>\n");
    }

    private static void Table(HtmlWriter html, IEnumerable<HostView> hosts, DateTimeOffset taken)
    {
        html.Write($"<div class=\"scroll\"><table class=\"rows\"><thead><tr><th>Host</th><th>Address</th><th>Subnet</th><th>Backend</th><th>Seen as</th><th class=\"number\">RTT, ms</th><th class=\"number\">Loss, 1 min</th><th class=\"number\">1 hour</th><th class=\"number\">MTU</th><th>Last answer</th><th>Version</th></tr></thead><tbody>\n");
        foreach (var host in hosts)
        {
            var seen = host.Seen.OfType<PeerFact>().ToList();
            var times = seen.Select(peer => peer.RoundTrip).OfType<TimeSpan>().Order().ToList();
            html.Write($"<tr><td>{host.Name}{(host.Node is null ? "" : " ")}");
            if (host.Node is not null)
                html.Write($"<span class=\"tag\">asked</span>");
            if (host.IsReservation)
                html.Write($" <span class=\"tag\">reserved</span>");
            html.Write($"</td><td class=\"mono\">{host.PublicIP?.ToString() ?? ""}</td><td class=\"mono\">{host.Subnet.ToString()}</td><td>{host.Backend}</td><td>");
            if (host.Worst is { } worst)
                html.Write($"<span class=\"chip {worst}\">{Capital(worst.Words())}</span>");
            else
                html.Write($"<span class=\"chip\">Nobody else was asked</span>");
            html.Write($"</td><td class=\"number\">{ReportText.Milliseconds(RoundTripScale.Quantile(times, 0.5))}</td><td class=\"number\">{ReportText.Percent(seen.Max(peer => peer.LossMinute))}</td><td class=\"number\">{ReportText.Percent(seen.Max(peer => peer.LossHour))}</td><td class=\"number\">{seen.Min(peer => peer.Mtu)?.ToString() ?? ""}</td><td>{ReportText.Before(seen.Max(peer => peer.LastAnswer), taken)}</td><td>{host.Version}</td></tr>\n");
        }
        html.Write($"</tbody></table></div>\n");
    }

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];
}
