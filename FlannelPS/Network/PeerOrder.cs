using FlannelPS.Engine.Leases;
using FlannelPS.Report;

namespace FlannelPS.Live;

/// <summary>Peers as one looks for them: the gravest state first, then the most loss, then the longest round trip.</summary>
internal static class PeerOrder
{
    /// <summary>Sorts them, each with the node that has it.</summary>
    public static List<(NodeFact Node, PeerFact Peer)> WorstFirst(IReadOnlyList<Witness> witnesses)
        => [.. witnesses.SelectMany(witness => witness.Peers.Select(peer => (witness.Node, Peer: peer)))
            .OrderByDescending(pair => pair.Peer.State).ThenByDescending(pair => pair.Peer.LossMinute ?? 0).ThenByDescending(pair => pair.Peer.RoundTrip ?? TimeSpan.Zero).ThenBy(pair => pair.Peer.Subnet.First())];

    /// <summary>How many are in which state: <c>990 Reachable, 9 Lossy</c>, the gravest first.</summary>
    public static string Counts(IEnumerable<PeerFact> peers)
        => string.Join(", ", peers.GroupBy(peer => (peer.State, peer.Word)).OrderByDescending(group => group.Key.State).Select(group => $"{group.Count()} {VisibleText.Of(group.Key.Word)}"));
}
