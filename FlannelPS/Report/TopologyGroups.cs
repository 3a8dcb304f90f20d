using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Report;

/// <summary>Hundreds of hosts: a box for each network of the underlay, a dot a host. What fails together stands together.</summary>
internal static class TopologyGroups
{
    private const double Width = 1120, Pitch = 14, Pad = 12, Head = 26, Gap = 14;

    /// <summary>More boxes than that are no overview.</summary>
    private const int MostGroups = 24;

    /// <summary>Writes the drawing.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var groups = Groups(network.Hosts);
        var boxes = Boxes([.. groups.Select(group => group.Hosts.Count)]);
        html.Write($"<div class=\"scroll\"><svg class=\"topology groups\" role=\"img\" aria-label=\"{network.Hosts.Count} hosts in {groups.Count} networks of the underlay\" viewBox=\"0 0 {Width} {boxes.Max(box => box.Y + box.Height)}\">\n");
        foreach (var ((name, hosts), box) in groups.Zip(boxes))
        {
            var trouble = hosts.Count(host => host.Worst?.IsTrouble() == true);
            html.Write($"<rect class=\"box\" x=\"{box.X}\" y=\"{box.Y}\" width=\"{box.Width}\" height=\"{box.Height}\" rx=\"8\"/><text class=\"name\" x=\"{box.X + Pad}\" y=\"{box.Y + 18}\">{name}<tspan class=\"count\" dx=\"8\">{(trouble > 0 && hosts.Count > 12 ? $"{trouble} of {hosts.Count} not well" : hosts.Count.ToString())}</tspan></text>\n");
            for (var i = 0; i < hosts.Count; i++)
            {
                var host = hosts[i];
                html.Write($"<circle class=\"dot {host.Worst ?? LinkState.Self}{(host.Node is null ? "" : " asked")}\" cx=\"{box.X + Pad + 4 + i % box.Columns * Pitch}\" cy=\"{box.Y + Head + 7 + i / box.Columns * Pitch}\" r=\"{(host.Node is null ? 4.5 : 5)}\"><title>{host.Name}: {host.Place}{(host.Worst is { } worst ? $", {worst.Words()}" : "")}{(host.Node is null ? "" : ", asked")}</title></circle>\n");
            }
        }
        html.Write($"</svg></div>\n");
    }

    private static List<(string Name, List<HostView> Hosts)> Groups(IReadOnlyList<HostView> hosts)
    {
        var placed = hosts.Where(host => host.PublicIP is not null).ToLookup(host => host.PublicIP!.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
        var groups = new List<(string, List<HostView>)>();
        foreach (var length in new[] { 24, 22, 20, 18, 16, 12, 8, 1 })
        {
            groups = [.. placed[true].GroupBy(host => AddressNumber.Network(host.PublicIP!, length)).OrderBy(group => group.Key.First())
                .Select(group => (group.Key.ToString(), group.OrderBy(host => host.PublicIP!.ToNumber()).ToList()))];
            if (groups.Count <= MostGroups)
                break;
        }
        if (placed[false].Any())
            groups.Add(("IPv6", [.. placed[false]]));
        if (hosts.Where(host => host.PublicIP is null).ToList() is { Count: > 0 } lost)
            groups.Add(("Without an address", lost));
        return groups;
    }

    // Boxes of a quarter, a third, a half or the whole of the width, so that rows of equal ones are full.
    private static List<(double X, double Y, double Width, double Height, int Columns)> Boxes(List<int> counts)
    {
        var boxes = new List<(double X, double Y, double Width, double Height, int Columns)>();
        double x = 0, y = 0, row = 0;
        foreach (var count in counts)
        {
            var parts = counts.Count == 1 || count > 600 ? 1 : count > 260 ? 2 : count > 60 ? 3 : 4;
            var width = (Width - (parts - 1) * Gap) / parts;
            var columns = (int)((width - 2 * Pad + Pitch - 8) / Pitch);
            var height = Head + (count + columns - 1) / columns * Pitch + Pad - 2;
            if (x > 0 && x + width > Width + 1)
                (x, y, row) = (0, y + row + Gap, 0);
            boxes.Add((x, y, width, height, columns));
            (x, row) = (x + width + Gap, Math.Max(row, height));
        }
        return boxes;
    }
}
