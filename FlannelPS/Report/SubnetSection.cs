namespace FlannelPS.Report;

/// <summary>The network's range as a map: which subnets are taken, pinned and free.</summary>
internal static class SubnetSection
{
    private const double Label = 116, Width = 1120;

    /// <summary>Writes it.</summary>
    public static void Write(HtmlWriter html, NetworkPicture network)
    {
        var map = network.Subnets;
        html.Write($"<section><h3>Subnets</h3>\n<p class=\"lead\">{ReportText.Count(map.Used)} of {ReportText.Count(map.Total, "subnet")} of /{map.Length} {(map.Used == 1 ? "is" : "are")} in use ({ReportText.Percent(map.Utilisation)}), {(map.Reserved == 0 ? "none" : ReportText.Count(map.Reserved))} of them reserved; {ReportText.Count(map.Total - map.Used)} are free.{Free(map)}{(map.IsExact ? "" : " The range is the usual one: no node told its own.")}</p>\n");
        var columns = map.Cells.Count switch { <= 16 => map.Cells.Count, <= 64 => 16, <= 512 => 32, _ => 64 };
        var pitch = Math.Min((Width - Label) / columns, 40);
        var tall = Math.Min(pitch, 22);
        var rows = (map.Cells.Count + columns - 1) / columns;
        html.Write($"<div class=\"scroll\"><svg class=\"subnets\" role=\"img\" aria-label=\"{ReportText.Percent(map.Utilisation)} of {network.Network.ToString()} in use\" viewBox=\"0 0 {Label + columns * pitch} {rows * tall}\" width=\"{Label + columns * pitch}\" height=\"{rows * tall}\">\n");
        for (var row = 0; row < rows; row++)
        {
            if (tall >= 13 || row % 2 == 0)
                html.Write($"<text x=\"{Label - 10}\" y=\"{row * tall + tall / 2 + 4}\">{map.Cells[row * columns].At.BaseAddress.ToString()}</text>");
            for (var i = row * columns; i < Math.Min(map.Cells.Count, (row + 1) * columns); i++)
            {
                var cell = map.Cells[i];
                html.Write($"<rect class=\"{Class(map, cell)}\" x=\"{Label + i % columns * pitch}\" y=\"{row * tall}\" width=\"{pitch - 2}\" height=\"{tall - 2}\" rx=\"2\"><title>{Title(map, cell)}</title></rect>");
            }
            html.Write($"\n");
        }
        html.Write($"</svg></div>\n");
        Legend(html, map);
        if (network.Witnesses.Select(witness => witness.Node.IPv6Network).FirstOrDefault(six => six is not null) is { } six)
            html.Write($"<p class=\"note\">The IPv6 network is {six.ToString()}; its subnets go with those above, one to one.</p>\n");
        html.Write($"</section>\n");
    }

    private static string Free(SubnetMap map)
        => map.LongestFree is var (at, length) ? length == 1 ? $" The longest free run is {at} alone." : $" The longest free run begins at {at} and is {ReportText.Count(length)} long." : "";

    private static void Legend(HtmlWriter html, SubnetMap map)
    {
        html.Write($"<ul class=\"legend\">");
        if (map.PerCell > 1)
        {
            html.Write($"<li class=\"scale\"><span>{ReportText.Count(map.PerCell)} subnets a cell, in use</span>");
            foreach (var (name, words) in new[] { ("free", "none"), ("u1", "≤ 25 %"), ("u2", "≤ 50 %"), ("u3", "≤ 75 %"), ("u4", "more") })
                html.Write($"<span class=\"step\"><svg class=\"key\" viewBox=\"0 0 12 12\"><rect class=\"{name}\" x=\"1\" y=\"1\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{words}</span>");
            html.Write($"</li>");
        }
        foreach (var (name, words) in new[] { ("asked", "a host that was asked"), ("used", "in use"), ("reserved", "reserved"), ("free", "free"), ("outside", "not given away") })
            if (map.Cells.Any(cell => Class(map, cell).Split(' ').Contains(name)) && !(map.PerCell > 1 && name == "free"))
                html.Write($"<li><svg class=\"key\" viewBox=\"0 0 12 12\"><rect class=\"{name}\" x=\"1\" y=\"1\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{words}</li>");
        html.Write($"</ul>\n");
    }

    private static string Class(SubnetMap map, SubnetCell cell)
        => cell.Used == 0 ? cell.Given == 0 ? "outside" : "free"
            : map.PerCell == 1 ? $"{(cell.IsAsked ? "asked" : "used")}{(cell.IsReserved ? " reserved" : "")}"
            : $"u{Math.Clamp((int)Math.Ceiling(4.0 * cell.Used / map.PerCell), 1, 4)}{(cell.IsReserved ? " reserved" : "")}";

    private static string Title(SubnetMap map, SubnetCell cell)
        => map.PerCell > 1 ? $"from {cell.At}: {ReportText.Count(cell.Used)} of {ReportText.Count(map.PerCell)} in use"
            : cell.Host is { } host ? $"{cell.At}: {host.Name}{(host.PublicIP is { } ip && ip.ToString() != host.Name ? $" at {ip}" : "")}{(cell.IsReserved ? ", reserved" : "")}"
            : $"{cell.At}: {(cell.Given == 0 ? "not given away" : "free")}";
}
