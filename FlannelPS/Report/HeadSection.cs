namespace FlannelPS.Report;

/// <summary>The head: what was asked when, one sentence that judges, and the figures of each network.</summary>
internal static class HeadSection
{
    /// <summary>Writes the head of the page.</summary>
    public static void Write(HtmlWriter html, Picture picture)
    {
        var trouble = picture.Networks.Sum(network => network.Ways().Count(way => way.State.IsTrouble()));
        var ways = picture.Networks.Sum(network => network.Ways().Count());
        var unready = picture.Witnesses.Count(witness => witness.Node.State is not ("Ready" or ""));
        var well = picture.Networks.Sum(network => network.Ways().Count(way => way.State == LinkState.Reachable));
        var isWell = well == ways && unready == 0 && ways > 0;
        html.Write($"""
            <header>
            <p class="brand">FlannelPS report</p>
            <h1>{(picture.Networks.Count > 0 ? string.Join(" · ", picture.Networks.Select(network => network.Network.ToString())) : "No network")}</h1>
            <p class="verdict {(isWell ? "good" : trouble + unready > 0 ? "bad" : "idle")}">{Verdict(picture, ways, well, trouble, unready)}</p>
            <p class="taken">Taken {ReportText.Utc(picture.Taken)} UTC. {Silence(picture)}</p>
            <nav>
            """);
        if (picture.Networks.Count > 1)
            for (var i = 0; i < picture.Networks.Count; i++)
                html.Write($"<a href=\"#n{i}\">{picture.Networks[i].Network.ToString()}</a>");
        html.Write($"<a href=\"#nodes\">Nodes</a><a href=\"#events\">Events</a></nav>\n</header>\n");
    }

    private static string Verdict(Picture picture, int ways, int well, int trouble, int unready)
    {
        var nodes = picture.Witnesses.Count;
        var ready = nodes == 1 ? $"The node that was asked is {(unready == 0 ? "Ready" : picture.Witnesses[0].Node.State)}"
            : unready == 0 ? $"All {nodes} nodes that were asked are Ready"
            : $"{unready} of {nodes} nodes that were asked {(unready == 1 ? "is" : "are")} not Ready";
        if (picture.Witnesses.All(witness => witness.Node.State.Length == 0))
            ready = "No node itself was asked";
        // What no probe has decided is neither well nor unwell.
        var reach = ways == 0 ? "there is no other host"
            : trouble > 0 ? $"{ReportText.Count(trouble)} of {ReportText.Count(ways, "way")} to other hosts {(trouble == 1 ? "is" : "are")} not well"
            : well < ways ? $"{ReportText.Count(well)} of {ReportText.Count(ways, "way")} to other hosts {(well == 1 ? "is" : "are")} known to be well"
            : ways == 1 ? "the one way to another host is well" : $"all {ReportText.Count(ways)} ways to other hosts are well";
        return $"{ready}, and {reach}.";
    }

    // What was not asked is told as plainly as what was: a picture by one host is one host's picture.
    private static string Silence(Picture picture)
    {
        var hosts = picture.Networks.Sum(network => network.Hosts.Count);
        var unasked = picture.Networks.Sum(network => network.Hosts.Count(host => host.Node is null));
        return unasked == 0 ? hosts > 0 ? "Every host was asked." : ""
            : $"{ReportText.Count(unasked)} of {ReportText.Count(hosts, "host")} {(unasked == 1 ? "was" : "were")} not asked: what is shown of them is how others see them.";
    }

    /// <summary>Writes the figures of a network.</summary>
    public static void WriteFigures(HtmlWriter html, NetworkPicture network)
    {
        var ways = network.Ways().ToList();
        var undecided = ways.Count(way => way.State is LinkState.Programmed or LinkState.Unknown);
        var times = ways.Select(way => way.Peer?.RoundTrip).OfType<TimeSpan>().Order().ToList();
        var losses = ways.Where(way => way.State.IsDecided()).Select(way => way.Peer?.LossMinute).OfType<double>().ToList();
        var node = network.Witnesses[0].Node;
        var map = network.Subnets;
        html.Write($"<dl class=\"figures\">\n");
        Figure("Backend", node.Backend.Length > 0 ? node.Backend : "unknown", node.Prefix);
        Figure("Hosts", ReportText.Count(network.Hosts.Count), $"{ReportText.Count(network.Hosts.Count(host => host.Node is not null))} asked");
        Figure("Ways well", ReportText.Count(ways.Count(way => way.State == LinkState.Reachable)), $"of {ReportText.Count(ways.Count)}{(undecided > 0 ? $"; {ReportText.Count(undecided)} unknown" : "")}");
        Figure("Round trip", times.Count > 0 ? $"{ReportText.Milliseconds(RoundTripScale.Quantile(times, 0.5))} ms" : "–", times.Count > 0 ? $"median; 95 % within {ReportText.Milliseconds(RoundTripScale.Quantile(times, 0.95))} ms" : "not probed");
        Figure("Loss, last minute", losses.Count > 0 ? ReportText.Percent(losses.Average()) : "–", losses.Count > 0 ? $"at most {ReportText.Percent(losses.Max())} on one way" : "not probed");
        Figure("Subnets used", ReportText.Count(map.Used), $"of {ReportText.Count(map.Total)} (/{map.Length}), {ReportText.Percent(map.Utilisation)}");
        html.Write($"</dl>\n");

        void Figure(string name, string value, string more) => html.Write($"<div><dt>{name}</dt><dd>{value}</dd><dd class=\"more\">{more}</dd></div>\n");
    }
}
