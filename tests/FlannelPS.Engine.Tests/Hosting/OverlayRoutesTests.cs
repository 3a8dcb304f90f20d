using System.Net;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Leases;
using FlannelPS.Engine.Tests.Reconcile;

namespace FlannelPS.Engine.Tests.Hosting;

/// <summary>What stands in a real kernel, told and checked without the daemon's help.</summary>
public sealed class OverlayRoutesTests
{
    private static readonly NodeOverlay Node = new(
        "blue", [IPNetwork.Parse("10.5.0.0/16")], [24], ["flannel.1"], "eth9", [.. new[] { "10.5.2.0/24", "10.5.3.0/24", "10.5.4.0/24" }.Select(IPNetwork.Parse)]);

    [Fact]
    public void Each_route_is_told_with_its_state()
    {
        using var bed = Programmed();
        bed.Ip(
            "route del 10.5.3.0/24",
            "route replace 10.5.4.0/24 via 192.0.2.9 dev eth9 proto static",
            "route add 10.5.9.0/24 via 10.5.9.0 dev flannel.1 onlink",
            "route add 10.5.10.0/24 via 192.0.2.9 dev eth9",
            "route add 10.6.0.0/24 via 192.0.2.9 dev eth9",
            "route add 10.5.11.0/24 via 192.0.2.9 dev eth9 proto static");
        Assert.Equal(
            [
                "blue 10.5.2.0/24 10.5.2.0 flannel.1 Active", "blue 10.5.3.0/24   Missing", "blue 10.5.4.0/24 192.0.2.9 eth9 Foreign",
                "blue 10.5.9.0/24 10.5.9.0 flannel.1 Stale", "blue 10.5.10.0/24 192.0.2.9 eth9 Stale",
            ],
            Read(bed, [Node], others: true));

        // A node that does not run says nothing of peers: what stands, stands.
        Assert.Equal(
            ["blue 10.5.2.0/24 10.5.2.0 flannel.1 Active", "blue 10.5.9.0/24 10.5.9.0 flannel.1 Active", "blue 10.5.10.0/24 192.0.2.9 eth9 Active"],
            Read(bed, [Node with { Destinations = null }], others: false));

        // Nobody is known: the mark, and flannel's device, tell.
        Assert.Equal([" 10.5.2.0/24 10.5.2.0 flannel.1 Active", " 10.5.9.0/24 10.5.9.0 flannel.1 Active"], Read(bed, [], others: true));
        Assert.Empty(Read(bed, [], others: false));
    }

    [Fact]
    public void A_route_by_a_nexthop_object_shows_its_gateway_and_a_device_that_is_down_shows()
    {
        using var bed = Programmed();
        bed.Ip("nexthop add id 77 via 192.0.2.9 dev eth9", "route replace 10.5.2.0/24 nhid 77 proto 70");
        Assert.Contains("blue 10.5.2.0/24 192.0.2.9 eth9 Active", Read(bed, [Node], others: false));
    }

    [Fact]
    public void The_checks_see_what_is_wrong_in_the_kernel()
    {
        using var bed = Programmed();
        Assert.All(Inspect(bed), verdict => Assert.Equal(RuleStatus.Pass, verdict.Status));
        Expect("Neighbors", "no neighbour entry", "neigh del 10.5.2.0 dev flannel.1");
        Repair("neigh replace 10.5.2.0 lladdr 02:00:00:00:00:02 dev flannel.1 nud permanent");
        Expect("Routes", "10.5.3.0/24: Missing", "route del 10.5.3.0/24");
        Repair("route add 10.5.3.0/24 via 10.5.3.0 dev flannel.1 onlink");
        Expect("Device", "MTU is 1400 in place of 1450", "link set flannel.1 mtu 1400");
        Repair("link set flannel.1 mtu 1450");
        Expect("Device", "MAC is 02:00:00:00:00:99", "link set flannel.1 address 02:00:00:00:00:99");
        // The kernel drops all neighbours of a device whose address changes, permanent ones too (neigh_changeaddr).
        Repair([$"link set flannel.1 address {Given.OwnMac}", .. Enumerable.Range(2, 3).Select(i => $"neigh replace 10.5.{i}.0 lladdr 02:00:00:00:00:0{i} dev flannel.1 nud permanent")]);
        Expect("Device", "not the address 10.5.1.0", "addr flush dev flannel.1");
        Expect("Device", "it is down", "link set flannel.1 down");
        Expect("Device", "it is not there", "link del flannel.1");
        Expect("Device", "no vxlan device", "link add flannel.1 type bridge");

        void Expect(string rule, string reason, string change)
        {
            bed.Ip(change);
            var verdict = Inspect(bed).First(item => item.Rule == rule);
            Assert.Equal(RuleStatus.Fail, verdict.Status);
            Assert.Contains(reason, verdict.Message, StringComparison.Ordinal);
            Assert.NotEmpty(verdict.Remedy);
        }

        void Repair(params string[] changes)
        {
            bed.Ip(changes);
            Assert.All(Inspect(bed), verdict => Assert.Equal(RuleStatus.Pass, verdict.Status));
        }
    }

    [Theory]
    [InlineData("expires", "\"2026-01-02T12:00:00Z\"", nameof(RuleStatus.Pass), "2 h more")]
    [InlineData("expires", "\"2026-01-02T10:40:00Z\"", nameof(RuleStatus.Warn), "40 min")]
    [InlineData("expires", "\"2026-01-02T09:59:00Z\"", nameof(RuleStatus.Fail), "ended 60 s ago")]
    [InlineData("reservation", "true", nameof(RuleStatus.Pass), "does not end")]
    [InlineData("phase", "\"Conflict\"", nameof(RuleStatus.Fail), "Conflict")]
    public void The_lease_is_judged_by_what_is_left_of_it(string member, string value, string status, string message)
    {
        var lease = new Dictionary<string, string> { ["phase"] = "\"Held\"", ["subnet"] = "\"10.5.1.0/24\"", ["ttlSeconds"] = "7200", [member] = value };
        var json = Parse($"{{\"ready\":true,\"lease\":{{{string.Join(',', lease.Select(item => $"\"{item.Key}\":{item.Value}"))}}}}}");
        var verdict = NodeInspection.Inspect(json, Parse("[]"), new(2026, 1, 2, 10, 0, 0, TimeSpan.Zero)).Single(item => item.Rule == "Lease");
        Assert.Equal(status, verdict.Status.ToString());
        Assert.Contains(message, verdict.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "[]")]
    [InlineData("""{"ready":"yes","reasons":7,"lease":[],"store":3,"subnetFile":null,"tunnels":{},"network":"10.5.0.0/16"}""", "{}")]
    [InlineData("""{"network":"10.5.0.0/16","lease":{"phase":"Held","subnet":"10.5.1.0/24","expires":"never"},"tunnels":[1,{}],"subnetFile":{"path":""}}""", """[1,{"subnet":[]},{"state":"Failed"}]""")]
    public void F81_answers_that_are_none_are_no_surprise(string status, string peers)
        => Assert.Contains(NodeInspection.Inspect(Parse(status), Parse(peers), DateTimeOffset.UtcNow), verdict => verdict.Status == RuleStatus.Fail);

    private static KernelBed Programmed()
    {
        var bed = KernelBed.Create();
        bed.Round().Run(bed.Overlay(), Given.Table(
            Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02"), Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03"), Given.Peer("10.5.4.0-24", "192.0.2.4", "02:00:00:00:00:04")), verify: true);
        return bed;
    }

    private static IEnumerable<string> Read(KernelBed bed, NodeOverlay[] nodes, bool others)
        => bed.Run(() => OverlayRoutes.Read(nodes, others)).Select(route => $"{route.Node} {route.Destination} {route.NextHop} {route.Interface} {route.State}");

    private static IEnumerable<RuleVerdict> Inspect(KernelBed bed)
    {
        // The process is not in the bed's namespace: without its number nobody asks.
        var status = Parse($$$"""
            {"name":"blue","network":"10.5.0.0/16","interface":"eth9","devices":["flannel.1"],
             "tunnels":[{"name":"flannel.1","mtu":1450,"mac":"{{{Given.OwnMac}}}","vni":1,"address":"10.5.1.0"}],"lease":{"subnet":"10.5.1.0/24"}}
            """);
        var peers = Parse("""
            [{"subnet":"10.5.2.0/24","publicIp":"192.0.2.2","state":"Programmed"},{"subnet":"10.5.3.0/24","publicIp":"192.0.2.3","state":"Programmed"},
             {"subnet":"10.5.4.0/24","publicIp":"192.0.2.4","state":"Programmed"}]
            """);
        return bed.Run(() => NodeInspection.Inspect(status, peers, DateTimeOffset.UtcNow)).Where(verdict => verdict.Rule is "Device" or "Routes" or "Neighbors");
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
