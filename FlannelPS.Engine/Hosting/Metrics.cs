using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>The node's numbers in OpenMetrics text. Names are stable: dashboards and alert rules have them.</summary>
internal static partial class Metrics
{
    /// <summary>What the text is, for HTTP.</summary>
    public const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>What <see cref="NodeStatus.State"/> may say.</summary>
    public static IReadOnlyList<string> States { get; } =
    [
        "Ready", "Starting", "Degraded", "TooManyPeers", "ConfigMismatch", "PeerUnreachable", "Acquiring", "NoSubnet", "Waiting", "StoreUnreachable", "Lost", "Conflict",
    ];

    /// <summary>What the lines of <see cref="NodeStatus.NotReady"/> may begin with.</summary>
    public static IReadOnlyList<string> Reasons { get; } =
    [
        "Saved", "Store", "Configuration", "Interface", "Device", "Lease", "Peers", "SubnetFile", "Kernel", "Loop",
    ];

    /// <summary>All numbers.</summary>
    public static string Render(MetricsSource source)
    {
        var text = new OpenMetricsWriter();
        WriteNode(text, source);
        WriteLeases(text, source);
        WritePeers(text, source);
        WriteKernel(text, source.Status.Reconcile);
        WriteRepairs(text, source.Status);
        WriteStore(text, source);
        WriteFirewall(text, source.Status.Firewall);
        if (source.Tunnel is { } tunnel)
            WriteTunnel(text, tunnel.Counters);
        return text.End();
    }

    private static void WriteNode(OpenMetricsWriter text, MetricsSource source)
    {
        var status = source.Status;
        text.Family("flannelps_node", "info", "What the node is.");
        text.Sample("_info", 1, ("name", source.Name), ("version", CommandLine.Version), ("backend", status.Config?.BackendType ?? ""),
            ("network", status.Config?.IPv4.Network.ToString() ?? ""), ("subnet", status.Lease.Held?.Subnet.IPv4.ToString() ?? ""), ("interface", status.Interface?.Link.Name ?? ""));
        text.Gauge("flannelps_start_time_seconds", "When the node was started, in seconds since 1970.", Math.Round(status.Started.ToUnixTimeMilliseconds() / 1000.0, 3), "seconds");
        text.Gauge("flannelps_ready", "Whether the node is ready.", status.NotReady.Count == 0 ? 1 : 0);
        text.Family("flannelps_not_ready", "gauge", "Whether this is a reason why the node is not ready.");
        foreach (var reason in Reasons)
            text.Sample("", status.NotReady.Any(line => line.StartsWith(reason + ":", StringComparison.Ordinal)) ? 1 : 0, ("reason", reason));
        text.Family("flannelps_node_state", "stateset", "The node's state, in the word that Get-FlannelNode has for it.");
        foreach (var state in States)
            text.Sample("", status.State == state ? 1 : 0, ("flannelps_node_state", state));
        text.Gauge("flannelps_config_mismatch", "Whether the configuration in the store is another one than the node runs with.", status.ConfigNotice.Length > 0 ? 1 : 0);
    }

    private static void WriteLeases(OpenMetricsWriter text, MetricsSource source)
    {
        var leases = source.Leases;
        text.Gauge("flannelps_leases", "Leases in the store, the own one included.", leases.Leases.Count);
        text.Gauge("flannelps_leases_invalid", "Keys below the leases' prefix that are no leases.", leases.Invalid.Count);
        text.Gauge("flannelps_leases_ignored", "Leases that are left out because there are more than a node takes in.", leases.Ignored);
        text.Gauge("flannelps_lease_ttl_seconds", "How long the own lease outlives its host.", source.LeaseTtlSeconds, "seconds");
        if (source.Status.Lease.Expires is { } expires)
            text.Gauge("flannelps_lease_seconds_left", "Seconds until the store lets the own lease go.", Math.Round(Math.Max(0, (expires - source.Now).TotalSeconds), 3));
    }

    private static void WriteKernel(OpenMetricsWriter text, ReconcileStatus round)
    {
        text.Gauge("flannelps_kernel_objects", "Kernel objects that should stand.", round.Objects);
        text.Gauge("flannelps_kernel_objects_failed", "Kernel objects that could not be put.", round.Failed.Count);
        text.Counter("flannelps_rounds", "Rounds of the reconcile loop.", round.Rounds);
        text.Counter("flannelps_rounds_failed", "Rounds of the reconcile loop that could not be run.", round.FailedRounds);
        text.Family("flannelps_round_seconds", "histogram", "How long a round of the reconcile loop takes.", "seconds");
        var count = 0L;
        for (var i = 0; i < round.Times.Counts.Count; i++)
        {
            count += round.Times.Counts[i];
            text.Sample("_bucket", count, ("le", Bound(i)));
        }
        text.Sample("_count", count);
        text.Sample("_sum", round.Times.Sum.TotalSeconds);

        // A bound is written as a number with a point, so that all writers write it alike.
        static string Bound(int i)
            => i == RoundTimes.Bounds.Count ? "+Inf" : OpenMetricsWriter.Number(RoundTimes.Bounds[i]) is var number && number.Contains('.', StringComparison.Ordinal) ? number : number + ".0";
    }

    private static void WriteRepairs(OpenMetricsWriter text, NodeStatus status)
    {
        var repairs = status.Reconcile.RepairsByKind;
        text.Family("flannelps_repairs", "counter", "What was put back after somebody else had changed or removed it.");
        text.Sample("_total", repairs.Devices, ("kind", "device"));
        text.Sample("_total", repairs.Neighbors, ("kind", "neighbor"));
        text.Sample("_total", repairs.Fdb, ("kind", "fdb"));
        text.Sample("_total", repairs.Nexthops, ("kind", "nexthop"));
        text.Sample("_total", repairs.Routes, ("kind", "route"));
        text.Sample("_total", status.Firewall.Repairs, ("kind", "firewall"));
    }
}
