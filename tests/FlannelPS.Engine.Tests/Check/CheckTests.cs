using System.Net;
using System.Xml.Linq;
using FlannelPS.Checks;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Check;

/// <summary>Checks over facts that are written down here.</summary>
public sealed class CheckTests
{
    private static readonly HostFacts Host = new() { Settings = new Dictionary<string, string?> { ["net/ipv4/ip_forward"] = "1" } };

    [Fact]
    public void Names_are_unique_words_and_each_check_says_what_it_looks_at()
    {
        var all = CheckList.All().Select(check => check.About).ToList();
        Assert.Equal(all.Count, all.Select(check => check.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(all, check =>
        {
            Assert.Matches("^[A-Z][A-Za-z0-9]+$", check.Name);
            Assert.EndsWith(".", check.Description);
            Assert.Contains(check.Category, check.Tag);
            Assert.True(check.Tag.Contains(Checks.Check.Simple) ^ check.Tag.Contains(Checks.Check.Comprehensive), check.Name);
            Assert.Equal(check.Tag.Count, check.Tag.Distinct().Count());
        });
    }

    [Fact]
    public void A_check_without_its_facts_is_skipped_with_the_reason_and_never_passed()
    {
        var facts = new CheckFacts(missing: "It is dark.");
        foreach (var check in CheckList.All())
        {
            var result = Assert.Single(CheckRun.Run(check, facts, "x"));
            Assert.True(result.Status == FlannelTestStatus.Skip, $"{result}");
            Assert.NotEmpty(result.Evidence);
        }
    }

    [Theory]
    [InlineData(StoreFailure.Unreachable, "No endpoint answers")]
    [InlineData(StoreFailure.NoLeader, "majority")]
    [InlineData(StoreFailure.Tls, "certificate")]
    [InlineData(StoreFailure.Authentication, "password")]
    [InlineData(StoreFailure.PermissionDenied, "role")]
    [InlineData(StoreFailure.ReadOnly, "space")]
    [InlineData(StoreFailure.Protocol, "no etcd")]
    public void A_store_that_fails_is_told_by_its_class(StoreFailure failure, string cause)
    {
        var result = Assert.Single(CheckRun.Run(new StoreContactCheck(), new(store: () => new() { Error = new StoreException(failure, "it failed"), Action = "mend it" }), ""));
        Assert.Equal(FlannelTestStatus.Fail, result.Status);
        Assert.Contains(cause, result.Cause);
        Assert.Equal("mend it", result.Remedy);
    }

    [Fact]
    public void F09_A_slow_store_is_a_warning()
        => Assert.Equal(FlannelTestStatus.Warn, Assert.Single(CheckRun.Run(new StoreContactCheck(), new(store: () => new() { Latency = TimeSpan.FromSeconds(3) }), "")).Status);

    [Theory]
    [InlineData(0, 0, FlannelTestStatus.Pass)]
    [InlineData(7, 0, FlannelTestStatus.Pass)]
    [InlineData(7, 3, FlannelTestStatus.Fail)]
    public void Checksum_errors_are_a_fault_while_they_grow(long errors, long growth, FlannelTestStatus expected)
        => Assert.Equal(expected, Assert.Single(CheckRun.Run(new ChecksumCheck(), new(host: () => Host with { Checksums = new(errors, growth) }), "")).Status);

    [Fact]
    public void Counters_are_found_by_their_name_wherever_they_stand()
    {
        string[] lines = ["Ip: Forwarding DefaultTTL", "Ip: 1 64", "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors", "Udp: 100 2 3 40 0 0 17 0 0"];
        Assert.Equal(17, ProtocolCounters.Udp(lines, "InCsumErrors"));
        Assert.Equal(0, ProtocolCounters.Udp(lines, "NoSuch"));
        Assert.Equal(0, ProtocolCounters.Udp([], "InCsumErrors"));
    }

    [Fact]
    public void Sockets_are_read_from_the_kernels_table()
    {
        string[] lines =
        [
            "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
            "  512: 00000000:2118 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20483 2 0000000000000000 0",
            "  700: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 18001 2 0000000000000000 0",
        ];
        Assert.Equal([(8472, "20483"), (53, "18001")], ProcessTable.Sockets(lines));
    }

    [Theory]
    [InlineData("/run/flannel", true)]
    [InlineData("/run/flannelps", false)]
    [InlineData("/var/lib", false)]
    public void F61_A_read_only_mount_counts_for_what_lies_below_it(string folder, bool isReadOnly)
        => Assert.Equal(isReadOnly, WritingPlaces.IsReadOnly(folder,
        [
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw",
            "41 30 0:40 / /run/flannel ro,nosuid - tmpfs tmpfs ro",
        ]));

    [Fact]
    public void A_node_with_the_same_device_in_another_namespace_is_another_host()
    {
        DaemonFacts one = new("flannel", 10, "net:[1]", "/run/flannel/subnet.env", "/a", ["flannel.1"]), other = new("h2", 11, "net:[2]", "/run/flannel/h2.env", "/a", ["flannel.1"]);
        Assert.Equal(FlannelTestStatus.Pass, Judge(one, other));
        Assert.Equal(FlannelTestStatus.Fail, Judge(one, other with { Namespace = "net:[1]" }));
        Assert.Equal(FlannelTestStatus.Fail, Judge(one, other with { SubnetFile = one.SubnetFile }));

        static FlannelTestStatus Judge(params DaemonFacts[] daemons) => CheckRun.Run(new SecondDaemonCheck(), new(host: () => Host with { Daemons = daemons }), "")[0].Status;
    }

    [Theory]
    [InlineData(FlannelCheckOutputFormat.JUnitXml)]
    [InlineData(FlannelCheckOutputFormat.NUnitXml)]
    public void A_report_tells_computers_apart(FlannelCheckOutputFormat format)
    {
        FlannelCheckResult one = new("Forwarding", "Kernel", FlannelTestStatus.Pass, "It is 1.", "", "", "", "", TimeSpan.FromSeconds(1)) { ComputerName = "web1" }, two = one with { ComputerName = "web2" };
        var report = XDocument.Parse(CheckReport.Render([one, two], format));
        Assert.Equal(["web1 Kernel", "web2 Kernel"], report.Descendants(format == FlannelCheckOutputFormat.JUnitXml ? "testsuite" : "test-suite").Select(suite => suite.Attribute("name")!.Value));
    }

    [Theory]
    [InlineData(FlannelCheckOutputFormat.JUnitXml, "testcase", "failure", "skipped")]
    [InlineData(FlannelCheckOutputFormat.NUnitXml, "test-case", "failure", "reason")]
    public void A_report_has_each_result_and_bears_any_text(FlannelCheckOutputFormat format, string test, string failure, string reason)
    {
        FlannelCheckResult[] results =
        [
            new("Forwarding", "Kernel", FlannelTestStatus.Pass, "It is 1.", "", "", "", "", TimeSpan.FromSeconds(1)),
            new("JunkLease", "Lease", FlannelTestStatus.Warn, "A key with <&> and \u0001 in it.", "a cause", "a remedy", "/k", "flannel", TimeSpan.Zero),
            new("Place", "Files", FlannelTestStatus.Fail, "It is a directory.", "a cause", "a remedy", "/run", "", TimeSpan.Zero),
            new("TunnelPort", "Tunnel", FlannelTestStatus.Skip, "There is no port.", "", "", "", "", TimeSpan.Zero),
        ];
        var report = XDocument.Parse(CheckReport.Render(results, format));
        Assert.Equal(4, report.Descendants(test).Count());
        Assert.Contains("It is a directory.", Assert.Single(report.Descendants(failure)).ToString());
        Assert.Contains("There is no port.", string.Concat(report.Descendants(reason)));
        Assert.Equal("1", report.Root!.Attribute(format == FlannelCheckOutputFormat.JUnitXml ? "failures" : "failed")!.Value);
    }
}
