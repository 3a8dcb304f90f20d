namespace FlannelPS.Report;

/// <summary>The nodes that were asked, each with its state and the causes of it.</summary>
internal static class NodeSection
{
    private const int Shown = 48;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, Picture picture)
    {
        var nodes = picture.Witnesses.Where(witness => witness.Node.State.Length > 0).OrderBy(witness => witness.Node.State == "Ready").ToList();
        html.Write($"<section id=\"nodes\"><h3>Nodes that were asked</h3>\n");
        if (nodes.Count == 0)
            html.Write($"<p class=\"lead\">None told of itself; only peers were handed over.</p>\n");
        Cards(html, picture, nodes.Take(Shown));
        if (nodes.Count > Shown)
        {
            html.Write($"<details><summary>{ReportText.Count(nodes.Count - Shown)} more</summary>\n");
            Cards(html, picture, nodes.Skip(Shown));
            html.Write($"</details>\n");
        }
        html.Write($"</section>\n");
    }

    private static void Cards(HtmlWriter html, Picture picture, IEnumerable<Witness> witnesses)
    {
        html.Write($"<div class=\"nodes\">\n");
        foreach (var node in witnesses.Select(witness => witness.Node))
        {
            var name = picture.Networks.Select(network => network.HostOf(node)?.Name).FirstOrDefault(name => name is not null) ?? PictureBuilder.NameOf(node);
            html.Write($"<article><h4>{name}{(name == node.Name ? "" : " ")}<span>{(name == node.Name ? "" : node.Name)}</span><span class=\"chip {TopologyCards.StateOf(node)}\">{node.State}</span></h4>\n");
            foreach (var cause in node.Causes)
                html.Write($"<p class=\"cause\">{cause}</p>\n");
            foreach (var finding in node.Findings)
                html.Write($"<p class=\"finding\">{finding}</p>\n");
            html.Write($"<dl>");
            Row("Subnet", node.Subnet?.ToString());
            Row("Address", node.PublicIP is { } ip ? node.Interface.Length > 0 ? $"{ip} on {node.Interface}" : ip.ToString() : null);
            Row("Backend", node.Backend.Length > 0 ? node.Mtu is { } mtu ? $"{node.Backend}, MTU {mtu}" : node.Backend : null);
            Row("Firewall", node.Firewall);
            Row("Lease ends", node.LeaseExpiration is { } end ? $"{ReportText.Utc(end)} UTC" : null);
            Row("Running for", node.StartTime is { } start && start <= picture.Taken ? FlannelDisplay.Span(picture.Taken - start) : null);
            Row("Version", node.Version);
            html.Write($"</dl></article>\n");
        }
        html.Write($"</div>\n");

        void Row(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                html.Write($"<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
    }
}
