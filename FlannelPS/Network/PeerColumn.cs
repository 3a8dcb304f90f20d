using System.Globalization;
using FlannelPS.Report;

namespace FlannelPS.Live;

/// <summary>A column of the table of peers.</summary>
/// <param name="Head">What stands above it.</param>
/// <param name="Room">Characters; a longer text is cut.</param>
/// <param name="LeastWidth">The narrowest window that has room for it.</param>
/// <param name="Text">What stands in it.</param>
/// <param name="Colour">Its colour; empty for none.</param>
/// <param name="IsNumber">Whether it stands to the right.</param>
internal sealed record PeerColumn(string Head, int Room, int LeastWidth, Func<NodeFact, PeerFact, string> Text, Func<PeerFact, string> Colour, bool IsNumber = false)
{
    private const string Red = "\e[91m", Yellow = "\e[93m", Green = "\e[92m";

    private static readonly PeerColumn[] All =
    [
        new("STATE", 11, 0, (_, peer) => peer.Word, ColourOf),
        new("HOST", 18, 78, (_, peer) => peer.HostName, Plain),
        new("SUBNET", 18, 0, (_, peer) => peer.Subnet.ToString(), Plain),
        new("ADDRESS", 15, 118, (_, peer) => peer.PublicIP?.ToString() ?? "", Plain),
        new("RTT ms", 7, 0, (_, peer) => ReportText.Milliseconds(peer.RoundTrip), Plain, true),
        new("LOSS 1m", 7, 0, (_, peer) => ReportText.Percent(peer.LossMinute), peer => peer.LossMinute > 0 ? Yellow : "", true),
        new("1h", 6, 118, (_, peer) => ReportText.Percent(peer.LossHour), Plain, true),
        new("MTU", 5, 0, (_, peer) => peer.Mtu?.ToString(CultureInfo.InvariantCulture) ?? "", Plain, true),
        // As much as there is room for; the line itself ends at the window's edge.
        new("REASON", 500, 100, (_, peer) => peer.Reason, Plain),
    ];

    private static readonly PeerColumn OfNode = new("NODE", 10, 0, (node, _) => node.Name, Plain);

    /// <summary>Those that a window has room for.</summary>
    public static IReadOnlyList<PeerColumn> For(int width, bool hasSeveral)
        => [.. hasSeveral ? new[] { OfNode } : [], .. All.Where(column => column.LeastWidth <= width - (hasSeveral ? OfNode.Room + 2 : 0))];

    private static string Plain(PeerFact peer) => "";

    private static string ColourOf(PeerFact peer)
        => peer.State switch
        {
            LinkState.Reachable => Green,
            LinkState.Programmed or LinkState.Unknown => "",
            LinkState.Lossy or LinkState.MtuLimited => Yellow,
            _ => Red,
        };
}
