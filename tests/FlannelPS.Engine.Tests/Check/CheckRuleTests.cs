using System.Net;
using System.Text.Json;
using FlannelPS.Checks;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Check;

/// <summary>What each check makes of facts that are written down here: a node with 10.42.1.0/24 of 10.42.0.0/16, and a peer with 10.42.2.0/24.</summary>
public sealed class CheckRuleTests
{
    private const string Reaches = """[{"subnet":"10.42.2.0/24","publicIp":"192.0.2.12","state":"Programmed","reach":{"state":"STATE","reason":"as seen"}},{"subnet":"10.42.3.0/24","publicIp":"192.0.2.13","state":"Programmed","reach":{"state":"Reachable"}}]""";

    [Theory]
    [InlineData("Reachable", FlannelTestStatus.Pass, "2 of 2")]
    [InlineData("Unknown", FlannelTestStatus.Pass, "1 of 2")]
    [InlineData("Lossy", FlannelTestStatus.Warn, "Lossy: as seen")]
    [InlineData("MtuLimited", FlannelTestStatus.Fail, "black hole")]
    [InlineData("OneWay", FlannelTestStatus.Fail, "one direction")]
    [InlineData("Unreachable", FlannelTestStatus.Fail, "Remove-FlannelLease 10.42.2.0/24")]
    public void F75_F76_What_the_nodes_probes_say_is_told(string state, FlannelTestStatus status, string text)
        => Is(new ProbeCheck(), Facts(peers: Reaches.Replace("STATE", state)), status, text);

    [Theory]
    [InlineData("""{"on":false}""", FlannelTestStatus.Skip, "--probe=false")]
    [InlineData("""{"on":true,"problem":"EPERM"}""", FlannelTestStatus.Warn, "EPERM")]
    [InlineData("""{"on":true,"problem":""}""", FlannelTestStatus.Skip, "no peer")]
    public void Without_probes_nothing_is_passed(string probes, FlannelTestStatus status, string text) => Is(new ProbeCheck(), Facts(probes: probes, peers: "[]"), status, text);

    [Theory]
    [InlineData("strangers", "without a lease")]
    [InlineData("unknownPeer", "no peer")]
    [InlineData("spoofedSource", "spoofing")]
    [InlineData("foreignDestination", "destination")]
    public void F70_F71_F74_Drops_are_told_while_they_grow(string name, string text)
    {
        Is(new StrangerCheck(), Counting(name, 0, 0), FlannelTestStatus.Pass, "Nothing");
        Is(new StrangerCheck(), Counting(name, 7, 7), FlannelTestStatus.Pass, "7 since");
        Is(new StrangerCheck(), Counting(name, 7, 9), FlannelTestStatus.Warn, text);
    }

    [Theory]
    [InlineData("repairs", 5, 7, FlannelTestStatus.Pass)]
    [InlineData("repairs", 5, 8, FlannelTestStatus.Warn)]
    [InlineData("firewallRepairs", 5, 8, FlannelTestStatus.Warn)]
    public void F41_F50_Repairs_without_end_are_told(string name, long before, long after, FlannelTestStatus status) => Is(new RepairCheck(), Counting(name, before, after), status, "");

    [Theory]
    [InlineData("docker0 10.42.1.1/24", FlannelTestStatus.Pass, "inside")]
    [InlineData("cni0 10.42.9.1/24", FlannelTestStatus.Fail, "ip link del cni0")]
    [InlineData("docker0 172.17.0.1/16", FlannelTestStatus.Warn, "outside")]
    [InlineData("virbr0 172.17.0.1/16", FlannelTestStatus.Skip, "neither")]
    public void The_bridge_of_workloads_stands_in_this_hosts_subnet(string bridge, FlannelTestStatus status, string text)
    {
        var parts = bridge.Split(' ', '/');
        var host = new HostFacts
        {
            Links = [new(5, parts[0], "bridge", Link.IFF_UP, 1500, null, 0, null)],
            Addresses = [new(5, IPAddress.Parse(parts[1]), int.Parse(parts[2]), 0, 0)],
        };
        Is(new BridgeCheck(), Facts(host: host), status, text);
    }

    [Fact]
    public void A_bridge_of_another_node_of_this_host_is_none_of_this_ones()
    {
        var host = new HostFacts
        {
            Links = [new(5, "docker0", "bridge", Link.IFF_UP, 1500, null, 0, null)],
            Addresses = [new(5, IPAddress.Parse("10.43.1.1"), 24, 0, 0)],
            Namespace = "net:[1]",
            Daemons = [new("two", 7, "net:[1]", "/run/two.env", "/two", []) { Network = IPNetwork.Parse("10.43.0.0/16") }],
        };
        Is(new BridgeCheck(), Facts(host: host), FlannelTestStatus.Skip, "neither");
        Is(new BridgeCheck(), Facts(host: host with { Namespace = "net:[2]" }), FlannelTestStatus.Warn, "outside");
    }

    [Theory]
    [InlineData(0, FlannelTestStatus.Pass)]
    [InlineData(45, FlannelTestStatus.Pass)]
    [InlineData(-90, FlannelTestStatus.Fail)]
    [InlineData(90, FlannelTestStatus.Fail)]
    public void F27_A_clock_that_is_off_is_told(int seconds, FlannelTestStatus status)
        => Is(new ClockCheck(), new(store: () => new() { Endpoints = [Member(1, leads: true) with { ClockOffset = TimeSpan.FromSeconds(seconds) }] }), status, seconds < 0 ? "behind" : "");

    [Fact]
    public void F27_A_short_lease_bears_less()
    {
        var store = new StoreFacts { Endpoints = [Member(1, leads: true) with { ClockOffset = TimeSpan.FromSeconds(10) }] };
        Is(new ClockCheck(), new(store: () => store with { LeaseTtl = TimeSpan.FromSeconds(60) }), FlannelTestStatus.Fail, "10 s");
        Is(new ClockCheck(), new(store: () => store with { LeaseTtl = TimeSpan.FromDays(1) }), FlannelTestStatus.Pass, "");
        Is(new ClockCheck(), new(store: () => new()), FlannelTestStatus.Skip, "tells its time");
    }

    [Fact]
    public void Two_leaders_are_two_clusters_and_one_leader_twice_is_not()
    {
        var check = new StoreMemberCheck();
        Assert.Contains(CheckRun.Run(check, new(store: () => new() { Endpoints = [Member(1, leads: true), Member(2, leads: true)] }), ""), result => result.Status == FlannelTestStatus.Fail && result.Evidence.Contains("both lead"));
        Assert.All(CheckRun.Run(check, new(store: () => new() { Endpoints = [Member(1, leads: true), Member(1, leads: true), Member(2, leads: false)] }), ""), result => Assert.Equal(FlannelTestStatus.Pass, result.Status));
    }

    [Fact]
    public void F24_A_second_machine_with_an_identity_is_told_by_the_mark_it_left()
    {
        ClaimFacts first = new("abc", "one", "10.42.1.0-24", IsMark: false), mark = new("abc", "two", "", IsMark: true);
        Is(new IdentityCheck(), new(store: () => new() { Claims = [first] }), FlannelTestStatus.Pass, "1");
        Is(new IdentityCheck(), new(store: () => new() { Claims = [first, mark] }), FlannelTestStatus.Fail, "host 'two', beside 'one'");
        Is(new IdentityCheck(), new(store: () => new()), FlannelTestStatus.Skip, "could not be read");
    }

    [Fact]
    public void F68_A_lease_of_another_VNI_or_backend_is_told()
    {
        var good = Given.Peer("10.5.2.0-24", "192.0.2.12", "02:00:00:00:00:02");
        var config = Given.Config();
        Is(new LeaseBackendCheck(), new(store: () => new() { Config = config, Leases = [good] }), FlannelTestStatus.Pass, "All 1");
        Is(new LeaseBackendCheck(), new(store: () => new() { Config = Given.Config("""{"Type":"vxlan","VNI":7}"""), Leases = [good] }), FlannelTestStatus.Fail, "VNI is 1, ours is 7");
        Is(new LeaseBackendCheck(), new(store: () => new() { Config = Given.Config("""{"Type":"host-gw"}"""), Leases = [good] }), FlannelTestStatus.Fail, "10.5.2.0/24");
        Is(new LeaseBackendCheck(), new(store: () => new() { Config = Given.Dual(), Leases = [Given.Peer("10.5.2.0-24&fd00:5:0:2::-64", "192.0.2.12", "02:00:00:00:00:02", publicV6: "2001:db8::2", macV6: "02:00:00:00:06:02")] }), FlannelTestStatus.Pass, "All 1");
    }

    [Theory]
    [InlineData("active", "enabled", "0", FlannelTestStatus.Pass, "enabled")]
    [InlineData("active", "disabled", "0", FlannelTestStatus.Warn, "systemctl enable")]
    [InlineData("inactive", "enabled", "0", FlannelTestStatus.Fail, "systemctl start")]
    [InlineData("inactive", "disabled", "0", FlannelTestStatus.Skip, "neither")]
    [InlineData("failed", "enabled", "0", FlannelTestStatus.Fail, "failed")]
    [InlineData("activating", "enabled", "7", FlannelTestStatus.Fail, "restarted 7 times")]
    [InlineData("active", "enabled", "7", FlannelTestStatus.Fail, "restarted 7 times")]    // its process has ended again
    public void A_service_comes_back_after_a_boot_and_does_not_start_for_ever(string active, string enabled, string restarts, FlannelTestStatus status, string text)
        => Is(new ServiceCheck(), new(services: () => [new(new Dictionary<string, string>
        {
            ["Id"] = "flannelps@flannel.service",
            ["LoadState"] = "loaded",
            ["ActiveState"] = active,
            ["UnitFileState"] = enabled,
            ["NRestarts"] = restarts,
            ["MainPID"] = "99999999",
        })]), status, text);

    // A node's own table, and Docker's rule for its bridge.
    private const string Own = """
        -P PREROUTING ACCEPT
        -P POSTROUTING ACCEPT
        -N FLPS-POST-flannel
        -A POSTROUTING -m comment --comment "flannelps flannel" -j FLPS-POST-flannel
        -A FLPS-POST-flannel -m mark --mark 0x4000/0x4000 -j RETURN
        -A FLPS-POST-flannel -s 10.42.1.0/24 -d 10.42.0.0/16 -j RETURN
        -A FLPS-POST-flannel -s 10.42.0.0/16 -d 10.42.1.0/24 -j RETURN
        -A FLPS-POST-flannel ! -s 10.42.0.0/16 -d 10.42.1.0/24 -j RETURN
        -A FLPS-POST-flannel -s 10.42.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE --random-fully
        -A FLPS-POST-flannel ! -s 10.42.0.0/16 -d 10.42.0.0/16 -j MASQUERADE --random-fully

        """;

    [Theory]
    [InlineData(Own, FlannelTestStatus.Pass, "chain FLPS-POST-flannel, rule 5")]
    [InlineData(Own + "-A POSTROUTING -s 10.42.1.0/24 ! -o docker0 -j MASQUERADE", FlannelTestStatus.Fail, "chain POSTROUTING, rule 2")]
    [InlineData("-P POSTROUTING ACCEPT\n", FlannelTestStatus.Fail, "No rule masquerades")]
    [InlineData("-P POSTROUTING ACCEPT\n-A POSTROUTING -s 10.42.0.0/16 -j RETURN\n", FlannelTestStatus.Fail, "No rule masquerades")]
    [InlineData("-P POSTROUTING ACCEPT\n-A POSTROUTING -m statistic --mode random -s 10.42.1.0/24 -d 10.42.0.0/16 -j MASQUERADE\n", FlannelTestStatus.Fail, "No rule masquerades")]
    public void Masquerading_leaves_the_network_alone_and_takes_what_leaves_it(string text, FlannelTestStatus status, string expected)
        => Is(new MasqueradeCheck(), Facts(firewall: new([]) { Nat = [IptablesText.Read("iptables nat", text)] }), status, expected);

    [Fact]
    public void F43_A_second_table_that_masquerades_too_is_told()
    {
        var second = NftablesJson.Read("""
            {"nftables":[{"chain":{"family":"ip","table":"old","name":"post","handle":1,"type":"nat","hook":"postrouting","prio":110,"policy":"accept"}},
            {"rule":{"family":"ip","table":"old","chain":"post","handle":2,"expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.42.0.0","len":16}}}},
            {"match":{"op":"!=","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":{"prefix":{"addr":"10.42.0.0","len":16}}}},{"masquerade":null}]}}]}
            """, _ => false, "nat");
        Is(new MasqueradeCheck(), Facts(firewall: new([]) { Nat = [IptablesText.Read("iptables nat", Own), .. second] }), FlannelTestStatus.Warn, "2 rules masquerade");
    }

    [Theory]
    [InlineData("""{"nftables":[{"metainfo":{}},{"rule":{"expr":[{"match":{}},{"counter":{"packets":12,"bytes":900}},{"drop":null}]}}]}""", 12L)]
    [InlineData("""{"nftables":[{"metainfo":{}}]}""", null)]
    public void The_guards_count_is_read(string json, long? expected)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(expected, GuardCounter.Count(document.RootElement));
    }

    [Theory]
    [InlineData("""{"lease":{"phase":"NoSubnet","reason":"all 2 subnets are taken"}}""", "Lease", "larger network")]
    [InlineData("""{"lease":{"phase":"Conflict","reason":"another host has it"}}""", "Lease", "Decide which")]
    [InlineData("""{"store":{"ignored":7}}""", "Peers", "7 leases are left out")]
    public void F21_F22_F69_What_the_node_says_of_itself_comes_with_what_to_do(string status, string rule, string text)
    {
        var json = JsonDocument.Parse(status).RootElement;
        var verdict = Assert.Single(Engine.Hosting.NodeInspection.Inspect(json, JsonDocument.Parse("[]").RootElement, DateTimeOffset.UnixEpoch), verdict => verdict.Rule == rule);
        Assert.Equal(Engine.Leases.RuleStatus.Fail, verdict.Status);
        Assert.Contains(text, $"{verdict.Message} {verdict.Remedy}");
        var answers = new NodeAnswers(json, JsonDocument.Parse("[]").RootElement, default, [verdict]);
        Is(new NodeVerdictCheck(rule, CheckCategory.Lease, "x."), new(node: () => answers), FlannelTestStatus.Fail, text);
    }

    private static EndpointStatus Member(ulong id, bool leads) => new($"http://192.0.2.{id}:2379", "3.5.0", leads, true, null) { Member = id };

    private static CheckFacts Counting(string name, long before, long after)
        => new(counters: () => new(new Dictionary<string, long> { [name] = before }, new Dictionary<string, long> { [name] = after }));

    private static CheckFacts Facts(string probes = """{"on":true}""", string peers = """[{"subnet":"10.42.2.0/24","publicIp":"192.0.2.12"}]""", HostFacts? host = null, FirewallFacts? firewall = null)
    {
        var status = $$$"""{"name":"flannel","network":"10.42.0.0/16","lease":{"subnet":"10.42.1.0/24"},"backend":"vxlan","devices":["flannel.1"],"interface":"eth0","firewall":{"masquerade":true},"probes":{{{probes}}}}""";
        return new(
            host is null ? null : () => host, null, () => new(JsonDocument.Parse(status).RootElement, JsonDocument.Parse(peers).RootElement, default, []), firewall is null ? null : () => firewall)
        { Scope = FlannelCheckScope.Node };
    }

    private static void Is(Checks.Check check, CheckFacts facts, FlannelTestStatus status, string text)
    {
        var results = CheckRun.Run(check, facts, "flannel");
        var result = Assert.Single(results);
        Assert.True(status == result.Status, $"{result.Status}: {result.Evidence}");
        Assert.Contains(text, $"{result.Evidence} {result.Cause} {result.Remedy} {result.Target}");
        Assert.Equal(status is FlannelTestStatus.Fail or FlannelTestStatus.Warn, result.Cause.Length > 0 && result.Remedy.Length > 0);
    }
}
