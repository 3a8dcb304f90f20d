using System.Globalization;
using FlannelPS.Report;

namespace FlannelPS.Live;

/// <summary>What the live view shows at one moment, as lines that fit a window.</summary>
internal static class NetworkFrame
{
    private const string Dim = "\e[90m", Bold = "\e[1m", Red = "\e[91m", Yellow = "\e[93m", Green = "\e[92m";
    private const int MostCauses = 3, MostEvents = 6;

    /// <summary>Composes it. What does not fit is counted.</summary>
    /// <param name="witnesses">The nodes and what they told.</param>
    /// <param name="now">The time to show.</param>
    /// <param name="seconds">How often it is made anew.</param>
    /// <param name="width">Columns of the window.</param>
    /// <param name="height">Its lines; there are never more.</param>
    /// <param name="isColoured">Whether words have colours.</param>
    public static IReadOnlyList<string> Compose(IReadOnlyList<Witness> witnesses, DateTimeOffset now, int seconds, int width, int height, bool isColoured)
    {
        var lines = new List<string> { Line().Add("FlannelPS", Bold).Add($"  {now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}, every {seconds} s, Ctrl+C ends", Dim).ToString() };
        if (witnesses.Count == 0)
            lines.Add("No node is on this host.");
        foreach (var witness in witnesses)
            AddNode(witness);
        var events = witnesses.SelectMany(witness => witness.Events.Select(item => (witness.Node, item))).OrderByDescending(pair => pair.item.Time)
            .Take(Math.Clamp((height - lines.Count) / 4, 0, MostEvents)).Reverse().ToList();
        AddPeers(height - lines.Count - (events.Count > 0 ? events.Count + 2 : 0));
        if (events.Count > 0)
        {
            lines.Add("");
            lines.Add(Line().Column("TIME", 8, Dim).Column("LEVEL", 11, Dim).Add("EVENT", Dim).ToString());
            foreach (var (node, item) in events)
                lines.Add(Line().Column(item.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture), 8).Column(item.Level, 11, item.Level switch { "Warning" => Yellow, "Error" or "Critical" => Red, _ => "" })
                    .Add($"{(witnesses.Count > 1 ? node.Name + " " : "")}{item.Kind}: {item.Message}").ToString());
        }
        return lines.Count <= height ? lines : lines.GetRange(0, Math.Max(0, height));

        TerminalLine Line() => new(width, isColoured);

        void AddNode(Witness witness)
        {
            var node = witness.Node;
            var line = Line().Add($"{node.Name} ", Bold).Add(node.State, node.State == "Ready" ? Green : node.State == "Stopped" ? Dim : TopologyCards.StateOf(node) == "bad" ? Red : Yellow);
            if (node.Subnet is { } subnet)
                line.Add($"  {subnet}{(node.PublicIP is { } ip ? $" at {ip}" : "")}{(node.Interface.Length > 0 ? $" on {node.Interface}" : "")}");
            if (node.Backend.Length > 0)
                line.Add($"  {node.Backend} in {node.Network?.ToString() ?? "?"}{(node.Mtu is { } mtu ? $", MTU {mtu}" : "")}", Dim);
            if (node.StartTime is { } start && start <= now)
                line.Add($"  up {FlannelDisplay.Span(now - start)}", Dim);
            lines.Add(line.ToString());
            foreach (var cause in node.Causes.Take(MostCauses))
                lines.Add(Line().Add("  ").Add(cause, Yellow).ToString());
            if (node.Causes.Count > MostCauses)
                lines.Add(Line().Add($"  and {node.Causes.Count - MostCauses} more causes", Dim).ToString());
        }

        void AddPeers(int room)
        {
            var peers = PeerOrder.WorstFirst(witnesses);
            if (peers.Count == 0 || room < 4)
                return;
            lines.Add("");
            var columns = PeerColumn.For(width, hasSeveral: witnesses.Count > 1);
            lines.Add(columns.Aggregate(Line(), (line, column) => line.Column(column.Head, column.Room, Dim, column.IsNumber)).ToString());
            // The line that counts the rest takes one row itself.
            var shown = peers.Count <= room - 2 ? peers.Count : room - 3;
            foreach (var (node, peer) in peers.Take(shown))
                lines.Add(columns.Aggregate(Line(), (line, column) => line.Column(column.Text(node, peer), column.Room, column.Colour(peer), column.IsNumber)).ToString());
            if (shown < peers.Count)
                lines.Add(Line().Add($"and {peers.Count - shown} more: {PeerOrder.Counts(peers.Skip(shown).Select(pair => pair.Peer))}", Dim).ToString());
        }
    }
}
