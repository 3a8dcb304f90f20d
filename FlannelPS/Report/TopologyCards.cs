namespace FlannelPS.Report;

/// <summary>A few hosts: a card each, on an ellipse, and the round trip on each line while there is room.</summary>
internal static class TopologyCards
{
    private const double Width = 1000, CardWidth = 176, CardHeight = 66;

    /// <summary>Writes the drawing.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var count = network.Hosts.Count;
        double height = count switch { 1 => 110, 2 => 130, <= 4 => 330, <= 6 => 420, _ => 560 };
        var places = network.Hosts.Select((_, i) => Place(i, count, height)).ToList();
        var top = places.Min(place => place.Y) - CardHeight / 2 - 6;
        html.Write($"<div class=\"scroll\"><svg class=\"topology cards\" role=\"img\" aria-label=\"Topology of {count} hosts\" viewBox=\"0 {top} {Width} {places.Max(place => place.Y) + CardHeight / 2 + 6 - top}\">\n");
        var ways = (from i in Enumerable.Range(0, count)
                    from j in Enumerable.Range(i + 1, count - i - 1)
                    let way = TopologySection.Between(network, network.Hosts[i], network.Hosts[j])
                    where way is not null
                    orderby way.Value.State
                    select (i, j, way.Value)).ToList();
        foreach (var (i, j, way) in ways)
            html.Write($"<line class=\"way {way.State}\" x1=\"{places[i].X}\" y1=\"{places[i].Y}\" x2=\"{places[j].X}\" y2=\"{places[j].Y}\"><title>{way.Title}</title></line>\n");
        for (var i = 0; i < count; i++)
            Card(html, network.Hosts[i], places[i].X, places[i].Y);
        if (count <= 5)
            foreach (var (i, j, way) in ways)
                Label(html, way, places[i], places[j], j - i == count / 2 && count % 2 == 0 && count > 2 ? i == 0 ? 0.32 : 0.68 : 0.5);
        html.Write($"</svg></div>\n");
    }

    // Two hosts stand side by side; from three on the first is at the top.
    private static (double X, double Y) Place(int i, int count, double height)
    {
        var angle = count == 2 ? Math.PI * (1 - i) : 2 * Math.PI * i / count - Math.PI / 2;
        return count == 1 ? (Width / 2, height / 2) : (Width / 2 + (Width - CardWidth - 20) / 2 * (count < 6 ? 0.75 : 1) * Math.Cos(angle), height / 2 + (height - CardHeight - 20) / 2 * Math.Sin(angle));
    }

    private static void Card(HtmlWriter html, HostView host, double x, double y)
    {
        html.Write($"<g class=\"card{(host.Node is null ? "" : " asked")}\"><title>{host.Name}: {host.Place}{(host.Node is { } node ? $", {node.State}" : ", not asked")}</title><rect x=\"{x - CardWidth / 2}\" y=\"{y - CardHeight / 2}\" width=\"{CardWidth}\" height=\"{CardHeight}\" rx=\"8\"/>");
        html.Write($"<circle class=\"dot {(host.Node is { } state ? StateOf(state) : "")}{(host.Node is null ? "" : " asked")}\" cx=\"{x - CardWidth / 2 + 16}\" cy=\"{y - 17}\" r=\"5\"/>");
        html.Write($"<text class=\"name\" x=\"{x - CardWidth / 2 + 28}\" y=\"{y - 12.5}\">{ReportText.Cut(host.Name, 18)}</text><text x=\"{x - CardWidth / 2 + 12}\" y=\"{y + 6}\">{host.PublicIP?.ToString() ?? ""}</text><text x=\"{x - CardWidth / 2 + 12}\" y=\"{y + 23}\">{host.Subnet.ToString()}</text></g>\n");
    }

    private static void Label(HtmlWriter html, (LinkState State, string Title, TimeSpan? RoundTrip) way, (double X, double Y) from, (double X, double Y) to, double part)
    {
        var text = way.State switch
        {
            LinkState.Reachable or LinkState.Lossy or LinkState.MtuLimited when way.RoundTrip is { } time => $"{ReportText.Milliseconds(time)} ms",
            LinkState.Reachable or LinkState.Programmed => "",
            _ => way.State.Words(),
        };
        if (text.Length == 0)
            return;
        var (x, y, width) = (from.X + (to.X - from.X) * part, from.Y + (to.Y - from.Y) * part, text.Length * 7.2 + 14);
        html.Write($"<g class=\"label {way.State}\"><title>{way.Title}</title><rect x=\"{x - width / 2}\" y=\"{y - 11}\" width=\"{width}\" height=\"22\" rx=\"11\"/><text x=\"{x}\" y=\"{y + 4.5}\">{text}</text></g>\n");
    }

    /// <summary>The colour of a node's own state.</summary>
    internal static string StateOf(NodeFact node)
        => node.State switch
        {
            "Ready" => "good",
            "" => "",
            "Starting" or "ConfigMismatch" or "TooManyPeers" or "Degraded" or "StoreUnreachable" => "fair",
            "Stopped" => "idle",
            _ => "bad",
        };
}
