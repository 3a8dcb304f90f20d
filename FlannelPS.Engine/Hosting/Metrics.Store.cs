using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Firewall;

namespace FlannelPS.Engine.Hosting;

/// <remarks>The store, and the firewall.</remarks>
internal static partial class Metrics
{
    private static void WriteStore(OpenMetricsWriter text, MetricsSource source)
    {
        text.Gauge("flannelps_store_following", "Whether the store can be followed.", source.Status.StoreProblem.Length == 0 ? 1 : 0);
        if (source.Store.LastAnswer is { } last)
            text.Gauge("flannelps_store_last_answer_timestamp_seconds", "When the store answered last, in seconds since 1970.", Math.Round(last.ToUnixTimeMilliseconds() / 1000.0, 3), "seconds");
        text.Family("flannelps_store_request_seconds", "summary", "Requests to the store and how long they took; what is repeated over other endpoints is one request.", "seconds");
        foreach (var method in StoreCounters.Methods.Where(method => method != StoreMethod.Watch))
        {
            text.Sample("_count", source.Store.Requests(method), ("method", NameOf(method)));
            text.Sample("_sum", source.Store.Time(method).TotalSeconds, ("method", NameOf(method)));
        }
        text.Family("flannelps_store_request_failures", "counter", "Requests to the store that failed, and watches that broke.");
        foreach (var method in StoreCounters.Methods)
            text.Sample("_total", source.Store.Failures(method), ("method", NameOf(method)));
        text.Counter("flannelps_store_watches", "Watches that were opened.", source.Store.Requests(StoreMethod.Watch));
        text.Counter("flannelps_store_watch_events", "Changes that watches told.", source.Store.Events);
        text.Gauge("flannelps_watch_revision", "The store's revision up to which the leases are known; 0 before they are.", source.Following.Revision);
        text.Counter("flannelps_watch_breaks", "How often the watch on the leases broke.", source.Following.Breaks);
        text.Counter("flannelps_watch_relists", "How often all leases were read again because the watch could not go on.", Math.Max(0, source.Following.Lists - 1));
    }

    private static void WriteFirewall(OpenMetricsWriter text, FirewallStatus firewall)
    {
        text.Gauge("flannelps_firewall_applied", "Whether the firewall has the rules that were asked for.", firewall is { IsApplied: true, Missing: "", Problem: "" } ? 1 : 0);
        text.Gauge("flannelps_firewall_strict_peers", "Whether the kernel keeps strangers from the tunnel.", firewall.IsGuarded ? 1 : 0);
        if (firewall.Dropped is { } strangers)
            text.Counter("flannelps_firewall_strangers_dropped", "Tunnel packets of strangers that the kernel dropped; counted every minute.", strangers);
    }

    private static string NameOf(StoreMethod method) => method switch
    {
        StoreMethod.Range => "range",
        StoreMethod.Txn => "txn",
        StoreMethod.Put => "put",
        StoreMethod.DeleteRange => "delete_range",
        StoreMethod.Watch => "watch",
        StoreMethod.LeaseGrant => "lease_grant",
        StoreMethod.LeaseKeepAlive => "lease_keep_alive",
        StoreMethod.LeaseRevoke => "lease_revoke",
        StoreMethod.LeaseTimeToLive => "lease_time_to_live",
        _ => "status",
    };
}
