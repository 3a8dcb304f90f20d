using System.Net;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class MetricsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly Lease[] Peers =
    [
        Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02"), Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03"), Given.Peer("10.5.4.0-24", "192.0.2.4", "02:00:00:00:00:04"),
    ];

    /// <summary>A node with three peers: one answers, one does not, and one lacks its route; a fourth lease is refused.</summary>
    private static MetricsSource Source { get; } = new()
    {
        Name = "blue",
        LeaseTtlSeconds = 3600,
        Status = Status(),
        Leases = Given.Table(Peers),
        Now = Now,
        Following = new(Revision: 77, Lists: 3, Breaks: 2),
        Store = Store(),
        Reach = new Dictionary<string, PeerReach>
        {
            [Peers[0].Key] = new(ReachState.Reachable, "", IPAddress.Parse("10.5.2.0")) { RoundTrip = TimeSpan.FromMilliseconds(1.5), LossMinute = 0.25 },
            [Peers[1].Key] = new(ReachState.OneWay, "cut", IPAddress.Parse("10.5.3.0")) { LossMinute = 1 },
            [Peers[2].Key] = new(ReachState.Reachable, "", IPAddress.Parse("10.5.4.0")) { RoundTrip = TimeSpan.FromMilliseconds(2) },
        },
        Probes = new(100, 60),
        Tunnel = new("flannel0", IPAddress.Parse("192.0.2.1"), 8285, "", 3, new TunnelCounters()),
    };

    private static StoreCounters Store()
    {
        var store = new StoreCounters();
        store.Ended(StoreMethod.Range, TimeSpan.FromMilliseconds(5));
        store.Ended(StoreMethod.Range, TimeSpan.FromMilliseconds(15));
        store.Failed(StoreMethod.Range);
        store.Ended(StoreMethod.Watch, TimeSpan.Zero);
        store.Told(9);
        store.Answered(Now);
        return store;
    }

    private static NodeStatus Status()
        => new(NodePhase.Running, "", Given.Config(), "", null, null, new(LeasePhase.Held, "", null, Now.AddMinutes(30)), "", null, "", true,
            new(Peers, [new("k", Given.Subnet("10.6.0.0-24"), IPAddress.Parse("192.0.2.9"), "outside")], [new(Peers[2].Subnet.IPv4, "no route")], 9, 4, 0, TimeSpan.FromMilliseconds(3), true, 2, "")
            {
                RepairsByKind = new(1, 2, 3, 4, 5),
                Times = RoundTimes.None.With(TimeSpan.FromMilliseconds(1)).With(TimeSpan.FromMilliseconds(1.1)).With(TimeSpan.FromSeconds(60)),
                FailedRounds = 6,
            },
            Now.AddHours(-1))
        {
            Firewall = FirewallStatus.None with { IsApplied = true, Repairs = 7, Dropped = 8 },
        };

    [Fact]
    public void All_of_it_is_OpenMetrics_and_each_number_stands_where_it_belongs()
    {
        var families = OpenMetrics.Parse(Metrics.Render(Source));
        Assert.Equal(Peers.Length, Value("flannelps_peers"));
        var states = families.Single(family => family.Name == "flannelps_peers_by_state").Samples.ToDictionary(sample => sample.Labels["state"], sample => sample.Value);
        Assert.Equal(
            new Dictionary<string, double> { ["reachable"] = 1, ["lossy"] = 0, ["mtu_limited"] = 0, ["one_way"] = 1, ["unreachable"] = 0, ["unknown"] = 0, ["refused"] = 1, ["failed"] = 1 }, states);
        Assert.Equal(0.0015, Value("flannelps_probe_round_trip_seconds", ("subnet", "10.5.2.0/24"), ("public_ip", "192.0.2.2")));
        Assert.Equal(0.25, Value("flannelps_probe_loss_ratio", ("subnet", "10.5.2.0/24"), ("public_ip", "192.0.2.2")));
        Assert.Equal((100, 60), (Value("flannelps_probes_sent_total"), Value("flannelps_probes_answered_total")));
        foreach (var (kind, count) in new[] { ("device", 1), ("neighbor", 2), ("fdb", 3), ("nexthop", 4), ("route", 5), ("firewall", 7) })
            Assert.Equal(count, Value("flannelps_repairs_total", ("kind", kind)));
        Assert.Equal(1, Value("flannelps_round_seconds_bucket", ("le", "0.001")));
        Assert.Equal(2, Value("flannelps_round_seconds_bucket", ("le", "0.0025")));
        Assert.Equal((2, 3, 3), (Value("flannelps_round_seconds_bucket", ("le", "10.0")), Value("flannelps_round_seconds_bucket", ("le", "+Inf")), Value("flannelps_round_seconds_count")));
        Assert.Equal(60.0021, Value("flannelps_round_seconds_sum"), 6);
        Assert.Equal((6, 9, 1), (Value("flannelps_rounds_failed_total"), Value("flannelps_kernel_objects"), Value("flannelps_kernel_objects_failed")));
        Assert.Equal((2, 0.02, 1), (Value("flannelps_store_request_seconds_count", ("method", "range")), Value("flannelps_store_request_seconds_sum", ("method", "range")), Value("flannelps_store_request_failures_total", ("method", "range"))));
        Assert.Equal((1, 9, 77, 2, 2), (Value("flannelps_store_watches_total"), Value("flannelps_store_watch_events_total"), Value("flannelps_watch_revision"), Value("flannelps_watch_breaks_total"), Value("flannelps_watch_relists_total")));
        Assert.Equal((1800, 3600), (Value("flannelps_lease_seconds_left"), Value("flannelps_lease_ttl_seconds")));
        Assert.Equal(8, Value("flannelps_firewall_strangers_dropped_total"));
        Assert.Equal(1, Value("flannelps_node_state", ("flannelps_node_state", Source.Status.State)));
        Assert.Single(families.Single(family => family.Name == "flannelps_node_state").Samples, sample => sample.Value == 1);
        Assert.All(families, family => Assert.EndsWith(".", family.Help));

        double Value(string name, params (string Name, string Value)[] labels)
            => families.SelectMany(family => family.Samples).Single(sample => sample.Name == name && sample.Labels.Count == labels.Length && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;
    }

    [Fact]
    public void A_node_that_has_only_begun_tells_its_numbers_too()
    {
        var status = new NodeStatus(NodePhase.Store, "no answer", null, "", null, null, new(LeasePhase.Acquiring, "", null, null), "", null, "", false, ReconcileStatus.None, Now);
        var families = OpenMetrics.Parse(Metrics.Render(new() { Name = "flannel", LeaseTtlSeconds = 86400, Status = status, Leases = LeaseTable.Unknown, Now = Now }));
        Assert.Equal(0, families.Single(family => family.Name == "flannelps_ready").Samples[0].Value);
        Assert.Equal("Store", Assert.Single(families.Single(family => family.Name == "flannelps_not_ready").Samples, sample => sample.Value == 1).Labels["reason"]);
        Assert.DoesNotContain(families, family => family.Name == "flannelps_lease_seconds_left");
    }

    [Fact]
    public void A_label_may_have_any_character()
    {
        const string Odd = "a\\b\"c\nd{e}=é,\\n";
        var text = new OpenMetricsWriter();
        text.Family("odd", "gauge", "One\\two \"three\"\nfour.");
        text.Sample("", 1.5, ("x", Odd), ("y", ""));
        var family = Assert.Single(OpenMetrics.Parse(text.End()));
        Assert.Equal(("One\\two \"three\"\nfour.", Odd, ""), (family.Help, family.Samples[0].Labels["x"], family.Samples[0].Labels["y"]));
    }

    [Theory]
    [InlineData("# TYPE a gauge\n# HELP a x\na 1\n", "EOF")]
    [InlineData("# TYPE a counter\n# HELP a x\na 1\n# EOF\n", "no number of the counter")]
    [InlineData("# TYPE a gauge\n# HELP a x\na 1\na 1\n# EOF\n", "twice")]
    [InlineData("# TYPE a gauge\n# HELP a x\na 1\n# TYPE b gauge\n# HELP b x\nb 1\n# TYPE a gauge\n# HELP a x\n# EOF\n", "one piece")]
    [InlineData("# TYPE a gauge\n# UNIT a seconds\n# HELP a x\na 1\n# EOF\n", "UNIT")]
    [InlineData("# TYPE a gauge\n# HELP a x\na{x=\"\n\"} 1\n# EOF\n", "no number")]
    [InlineData("# TYPE a gauge\n# HELP a x\na{x=\"\\q\"} 1\n# EOF\n", "escaped")]
    [InlineData("# TYPE a gauge\n# HELP a x\na{x=\"1\",} 1\n# EOF\n", "no number")]
    [InlineData("# TYPE a gauge\n# HELP a x\na  1\n# EOF\n", "no number")]
    [InlineData("a 1\n# EOF\n", "without a type")]
    [InlineData("# TYPE a histogram\n# HELP a x\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n", "cumulative")]
    public void The_reader_that_judges_it_refuses_what_is_wrong(string text, string why)
        => Assert.Contains(why, Assert.Throws<FormatException>(() => OpenMetrics.Parse(text)).Message);

    [Fact]
    public void Every_state_that_a_node_may_have_is_told()
    {
        var all = from phase in Enum.GetValues<NodePhase>()
                  from lease in Enum.GetValues<LeasePhase>()
                  from store in new[] { "", "away" }
                  from kernel in new[] { "", "refused" }
                  from ignored in new[] { 0, 1 }
                  from notice in new[] { "", "changed" }
                  from cut in new[] { 0, 1 }
                  from saved in new DateTimeOffset?[] { null, Now }
                  select (Status() with
                  {
                      Phase = phase,
                      Lease = new(lease, "", null, null),
                      StoreProblem = store,
                      ConfigNotice = notice,
                      SavedFrom = saved,
                      Probes = ProbeSummary.None with { Unreachable = cut },
                      Reconcile = ReconcileStatus.None with { Problem = kernel, Ignored = ignored },
                  }).State;
        Assert.Equal(Metrics.States.Order(StringComparer.Ordinal), all.Distinct().Order(StringComparer.Ordinal));
    }
}
