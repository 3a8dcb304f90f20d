namespace FlannelPS.Report;

/// <summary>The hosts and the ways between them, drawn by how many there are: cards with lines, a ring with chords, or the underlay's networks with a dot a host.</summary>
internal static class TopologySection
{
    private const int MostCards = 12, MostRing = 60;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        if (network.Hosts.Count == 0)
            return;
        html.Write($"<section><h3>Topology</h3>\n<p class=\"lead\">{Lead(network)}</p>\n");
        if (network.Hosts.Count <= MostCards)
            TopologyCards.Write(html, network);
        else if (network.Hosts.Count <= MostRing)
            TopologyRing.Write(html, network);
        else
            TopologyGroups.Write(html, network);
        html.Write($"<ul class=\"legend\">");
        foreach (var state in network.Hosts.Select(host => host.Worst).OfType<LinkState>().Concat(network.Ways().Select(way => way.State)).Distinct().Order())
        {
            if (network.Hosts.Count > MostRing)
                html.Write($"<li><svg class=\"key\" viewBox=\"0 0 12 12\"><circle class=\"dot {state}\" cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>{state.Words()}</li>");
            else
                html.Write($"<li><svg class=\"key\" viewBox=\"0 0 22 12\"><line class=\"way {state}\" x1=\"0\" y1=\"6\" x2=\"22\" y2=\"6\"/></svg>{state.Words()}</li>");
        }
        html.Write($"<li><svg class=\"key\" viewBox=\"0 0 12 12\"><circle class=\"dot asked\" cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>asked itself</li><li><svg class=\"key\" viewBox=\"0 0 12 12\"><circle class=\"dot\" cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>not asked</li></ul>\n</section>\n");
    }

    private static string Lead(NetworkPicture network)
        => network.Hosts.Count > MostRing
            ? "Each host is a dot in its network of the underlay, with the gravest state in which one that was asked has it."
            : network.Hosts.All(host => host.Node is not null)
                ? "Each line is the way between two hosts, with the graver of its two directions."
                : "A line is drawn where one of its two ends was asked, with the graver of the directions that are known.";

    /// <summary>The way between two hosts: the graver of the known directions; null where neither end was asked.</summary>
    internal static (LinkState State, string Title, TimeSpan? RoundTrip)? Between(NetworkPicture network, HostView one, HostView other)
    {
        if (one.Asker is null && other.Asker is null)
            return null;
        var (there, back) = (Way(network, one, other), Way(network, other, one));
        var state = there is null ? back!.Value.State : back is null ? there.Value.State : (LinkState)Math.Max((int)there.Value.State, (int)back.Value.State);
        var title = string.Join("\n", new[] { there?.Title, back?.Title }.OfType<string>());
        return (state, title, there?.RoundTrip ?? back?.RoundTrip);
    }

    private static (LinkState State, string Title, TimeSpan? RoundTrip)? Way(NetworkPicture network, HostView from, HostView to)
        => from.Asker is { } asker && to.StateFor(asker) is var state
            ? (state, $"{from.Name} to {to.Name}: {MeshCell.Words(state, to.Seen[asker])}", to.Seen[asker]?.RoundTrip)
            : null;
}
