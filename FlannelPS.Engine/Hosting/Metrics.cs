using System.Globalization;
using System.Text;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>The node's numbers in OpenMetrics text.</summary>
/// <remarks>OpenMetrics 1.0: a TYPE and a HELP line a family, counters end in _total, EOF at the end.</remarks>
internal static class Metrics
{
    public static string Render(NodeStatus status, LeaseTable leases, TunnelStatus? tunnel, DateTimeOffset now)
    {
        var text = new StringBuilder(2048);
        Gauge("flannelps_ready", "Whether the node is ready.", status.NotReady.Count == 0 ? 1 : 0);
        Gauge("flannelps_leases", "Leases in the store, the own one included.", leases.Leases.Count);
        Gauge("flannelps_leases_invalid", "Keys below the leases' prefix that are no leases.", leases.Invalid.Count);
        Gauge("flannelps_peers", "Peers that are programmed.", status.Reconcile.Peers.Count);
        Gauge("flannelps_peers_refused", "Leases of others that are not believed.", status.Reconcile.Refused.Count);
        Gauge("flannelps_kernel_objects", "Kernel objects that should stand.", status.Reconcile.Objects);
        Gauge("flannelps_kernel_objects_failed", "Kernel objects that could not be put.", status.Reconcile.Failed.Count);
        Counter("flannelps_rounds", "Rounds of the reconcile loop.", status.Reconcile.Rounds);
        Counter("flannelps_repairs", "Kernel objects put back after somebody else had changed them.", status.Reconcile.Repairs);
        Gauge("flannelps_round_seconds", "How long the last round took.", status.Reconcile.LastRound.TotalSeconds);
        Gauge("flannelps_store_following", "Whether the store can be followed.", status.StoreProblem.Length == 0 ? 1 : 0);
        var firewall = status.Firewall;
        Gauge("flannelps_firewall_applied", "Whether the firewall has the rules that were asked for.", firewall is { IsApplied: true, Missing: "", Problem: "" } ? 1 : 0);
        Gauge("flannelps_firewall_strict_peers", "Whether the kernel keeps strangers from the tunnel.", firewall.IsGuarded ? 1 : 0);
        Counter("flannelps_firewall_repairs", "How often the firewall's rules were put back after somebody else had changed them.", firewall.Repairs);
        if (firewall.Dropped is { } strangers)
            Counter("flannelps_firewall_strangers_dropped", "Tunnel packets of strangers that the kernel dropped; counted every minute.", strangers);
        if (status.Lease.Expires is { } expires)
            Gauge("flannelps_lease_seconds_left", "Seconds until the store lets the own lease go.", Math.Max(0, (expires - now).TotalSeconds));
        if (tunnel is not null)
            Tunnel(tunnel.Counters);
        return text.Append("# EOF\n").ToString();

        void Tunnel(TunnelCounters counters)
        {
            Directions("packets", "Packets the UDP tunnel carried.", direction => direction.Packets);
            Directions("bytes", "Bytes of these packets, without outer headers.", direction => direction.Bytes);
            Directions("calls", "Calls into the kernel that carried them.", direction => direction.Calls);
            Directions("merged", "Packets that went as part of a longer one.", direction => direction.Merged);
            Directions("icmp_errors", "ICMP errors sent.", direction => direction.ErrorsSent);
            Head("flannelps_tunnel_largest_batch", "gauge", "The most packets that one round carried.");
            Sample("flannelps_tunnel_largest_batch{direction=\"sent\"}", counters.Sent.LargestBatch);
            Sample("flannelps_tunnel_largest_batch{direction=\"received\"}", counters.Received.LargestBatch);
            Head("flannelps_tunnel_dropped", "counter", "Packets dropped, by reason.");
            foreach (var reason in Drops.Reasons)
            {
                Sample($"flannelps_tunnel_dropped_total{{direction=\"sent\",reason=\"{Drops.NameOf(reason)}\"}}", counters.Sent.Dropped(reason));
                Sample($"flannelps_tunnel_dropped_total{{direction=\"received\",reason=\"{Drops.NameOf(reason)}\"}}", counters.Received.Dropped(reason));
            }

            void Directions(string name, string help, Func<DirectionCounters, long> value)
            {
                Head($"flannelps_tunnel_{name}", "counter", help);
                Sample($"flannelps_tunnel_{name}_total{{direction=\"sent\"}}", value(counters.Sent));
                Sample($"flannelps_tunnel_{name}_total{{direction=\"received\"}}", value(counters.Received));
            }
        }

        void Gauge(string name, string help, double value) => Write(name, name, "gauge", help, value);

        void Counter(string name, string help, double value) => Write(name, name + "_total", "counter", help, value);

        void Write(string family, string sample, string type, string help, double value)
        {
            Head(family, type, help);
            Sample(sample, value);
        }

        void Head(string family, string type, string help)
            => text.Append("# TYPE ").Append(family).Append(' ').Append(type).Append("\n# HELP ").Append(family).Append(' ').Append(help).Append('\n');

        void Sample(string sample, double value) => text.Append(sample).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }
}
