namespace FlannelPS.Report;

/// <summary>What happened lately at the nodes that were asked, the newest first.</summary>
internal static class EventSection
{
    private const int Shown = 30, Most = 300;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, Picture picture)
    {
        var events = picture.Witnesses.SelectMany(witness => witness.Events.Select(item => (witness.Node, item))).OrderByDescending(pair => pair.item.Time).ToList();
        html.Write($"<section id=\"events\"><h3>Recent events</h3>\n");
        if (events.Count == 0)
            html.Write($"<p class=\"lead\">None were told.</p>\n");
        else
            Table(html, picture, events.Take(Shown));
        if (events.Count > Shown)
        {
            html.Write($"<details><summary>{ReportText.Count(Math.Min(Most, events.Count) - Shown)} more</summary>\n");
            Table(html, picture, events.Take(Most).Skip(Shown));
            html.Write($"</details>\n");
        }
        html.Write($"</section>\n");
    }

    private static void Table(HtmlWriter html, Picture picture, IEnumerable<(NodeFact Node, EventFact Item)> events)
    {
        html.Write($"<div class=\"scroll\"><table class=\"rows\"><thead><tr><th>Time, UTC</th><th>Level</th><th>Node</th><th>Event</th><th>Message</th></tr></thead><tbody>\n");
        foreach (var (node, item) in events)
        {
            var name = picture.Networks.Select(network => network.HostOf(node)?.Name).FirstOrDefault(name => name is not null) ?? PictureBuilder.NameOf(node);
            html.Write($"<tr><td class=\"time\">{ReportText.Utc(item.Time)}</td><td><span class=\"chip {(item.Level switch { "Warning" => "fair", "Error" or "Critical" => "bad", _ => "" })}\">{item.Level}</span></td><td>{name}</td><td>{item.Kind}</td><td class=\"wide\">{item.Message}</td></tr>\n");
        }
        html.Write($"</tbody></table></div>\n");
    }
}
