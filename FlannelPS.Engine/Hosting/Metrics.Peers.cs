using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Probing;

namespace FlannelPS.Engine.Hosting;

/// <remarks>The other hosts, and what the probes say of them.</remarks>
internal static partial class Metrics
{
    private static void WritePeers(OpenMetricsWriter text, MetricsSource source)
    {
        var round = source.Status.Reconcile;
        text.Gauge("flannelps_peers", "Peers that are programmed.", round.Peers.Count);
        text.Gauge("flannelps_peers_refused", "Leases of others that are not believed.", round.Refused.Count);
        var failures = PeerFailures.Of(source.Status);
        var failed = 0;
        var states = new int[(int)ReachState.Unreachable + 1];
        foreach (var peer in round.Peers)
        {
            if (failures.ReasonOf(peer) is not null)
                failed++;
            else
                states[(int)(source.Reach.GetValueOrDefault(peer.Key)?.State ?? ReachState.Unknown)]++;
        }
        text.Family("flannelps_peers_by_state", "gauge", "Peers by their state, in the word that Get-FlannelPeer has for it; unknown is a peer that is programmed and not probed.");
        for (var state = ReachState.Unknown; state <= ReachState.Unreachable; state++)
            text.Sample("", states[(int)state], ("state", NameOf(state)));
        text.Sample("", round.Refused.Count, ("state", "refused"));
        text.Sample("", failed, ("state", "failed"));

        text.Family("flannelps_probe_round_trip_seconds", "gauge", "There and back through the tunnel, the median of the last answers.", "seconds");
        WriteProbes(text, source, static reach => reach.RoundTrip?.TotalSeconds);
        text.Family("flannelps_probe_loss_ratio", "gauge", "Which part of the last minute's probes was lost.", "ratio");
        WriteProbes(text, source, static reach => reach.LossMinute is { } loss ? Math.Round(loss, 4) : null);
        text.Counter("flannelps_probes_sent", "Probes that went out.", source.Probes.Sent);
        text.Counter("flannelps_probes_answered", "Probes that were answered.", source.Probes.Answered);
    }

    private static void WriteProbes(OpenMetricsWriter text, MetricsSource source, Func<PeerReach, double?> value)
    {
        foreach (var peer in source.Status.Reconcile.Peers)
            if (source.Reach.GetValueOrDefault(peer.Key) is { } reach && value(reach) is { } number)
                text.Sample("", number, ("subnet", peer.Subnet.IPv4.ToString()), ("public_ip", peer.Attributes.PublicIp.ToString()));
    }

    private static string NameOf(ReachState state) => state switch
    {
        ReachState.Reachable => "reachable",
        ReachState.Lossy => "lossy",
        ReachState.MtuLimited => "mtu_limited",
        ReachState.OneWay => "one_way",
        ReachState.Unreachable => "unreachable",
        _ => "unknown",
    };
}
