namespace FlannelPS.Report;

/// <summary>Hundreds of hosts: for each that was asked a field of small cells, in the same order in every field.</summary>
internal static class MeshStrips
{
    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network, RoundTripScale scale)
    {
        for (var asker = 0; asker < network.Witnesses.Count; asker++)
        {
            var (node, summary) = (network.Witnesses[asker].Node, MeshSection.Summary(network, asker));
            var name = network.NameOf(node);
            html.Write($"<h4>{name} <span>{node.Subnet?.ToString() ?? ""}</span> <span>{summary}</span></h4>\n<div class=\"strip\" role=\"img\" aria-label=\"{name}: {summary}\">");
            foreach (var host in network.Hosts)
            {
                var (state, peer) = (host.StateFor(asker), host.Seen[asker]);
                html.Write($"<i class=\"cell {MeshCell.Classes(state, peer, scale)}\" title=\"{host.Name} ({host.Place}): {MeshCell.Words(state, peer)}\"></i>");
            }
            html.Write($"</div>\n");
        }
    }
}
