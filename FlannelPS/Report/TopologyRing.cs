namespace FlannelPS.Report;

/// <summary>Some dozens of hosts: dots on a ring, their names outside, and chords; those that are not well lie on top.</summary>
internal static class TopologyRing
{
    private const double Radius = 250;
    private const int LongestName = 18;

    /// <summary>Writes the drawing.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var hosts = network.Hosts;
        // Room for the longest name on every side.
        var half = Radius + 30 + 6.8 * hosts.Max(host => Math.Min(host.Name.Length, LongestName));
        html.Write($"<div class=\"scroll\"><svg class=\"topology ring\" role=\"img\" aria-label=\"Topology of {hosts.Count} hosts\" viewBox=\"0 0 {half * 2} {half * 2}\">\n");
        var ways = from i in Enumerable.Range(0, hosts.Count)
                   from j in Enumerable.Range(i + 1, hosts.Count - i - 1)
                   let way = TopologySection.Between(network, hosts[i], hosts[j])
                   where way is not null
                   orderby way.Value.State
                   select (i, j, way.Value);
        foreach (var (i, j, way) in ways)
        {
            var (from, to) = (At(i, Radius), At(j, Radius));
            // Bent towards the middle, so that neighbours' lines are seen beside the ring.
            var (bendX, bendY) = (half + ((from.X + to.X) / 2 - half) * 0.55, half + ((from.Y + to.Y) / 2 - half) * 0.55);
            html.Write($"<path class=\"way {way.State}\" d=\"M{from.X} {from.Y}Q{bendX} {bendY} {to.X} {to.Y}\"><title>{way.Title}</title></path>\n");
        }
        for (var i = 0; i < hosts.Count; i++)
        {
            var (host, dot, text) = (hosts[i], At(i, Radius + 9), At(i, Radius + 20));
            var angle = 360.0 * i / hosts.Count - 90;
            var isLeft = angle is > 90 and < 270;
            html.Write($"<g><title>{host.Name}: {host.Place}{(host.Worst is { } worst ? $", {worst.Words()}" : "")}</title><circle class=\"dot {host.Worst ?? LinkState.Self}{(host.Node is null ? "" : " asked")}\" cx=\"{dot.X}\" cy=\"{dot.Y}\" r=\"5\"/>");
            html.Write($"<text class=\"{(isLeft ? "left" : "right")}\" transform=\"translate({text.X} {text.Y}) rotate({(isLeft ? angle + 180 : angle)})\" y=\"4\">{ReportText.Cut(host.Name, LongestName)}</text></g>\n");
        }
        html.Write($"</svg></div>\n");

        (double X, double Y) At(int i, double radius)
        {
            var angle = 2 * Math.PI * i / hosts.Count - Math.PI / 2;
            return (half + radius * Math.Cos(angle), half + radius * Math.Sin(angle));
        }
    }
}
