using System.Net;
using FlannelPS.Checks;

namespace FlannelPS.Engine.Tests.Check;

/// <summary>Packets are led through rules as the programs print them.</summary>
public sealed class FirewallWalkTests
{
    // iptables -S of a host with Docker 28, its bridge inside the node's subnet.
    private const string Docker = """
        -P INPUT ACCEPT
        -P FORWARD DROP
        -P OUTPUT ACCEPT
        -N DOCKER
        -N DOCKER-BRIDGE
        -N DOCKER-CT
        -N DOCKER-FORWARD
        -N DOCKER-ISOLATION-STAGE-1
        -N DOCKER-ISOLATION-STAGE-2
        -N DOCKER-USER
        -A FORWARD -j DOCKER-USER
        -A FORWARD -j DOCKER-FORWARD
        -A DOCKER ! -i docker0 -o docker0 -j DROP
        -A DOCKER-BRIDGE -o docker0 -j DOCKER
        -A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A DOCKER-FORWARD -j DOCKER-CT
        -A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
        -A DOCKER-FORWARD -j DOCKER-BRIDGE
        -A DOCKER-FORWARD -i docker0 -j ACCEPT
        -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        """;

    private static readonly FirewallPacket Away = new("forward", IPAddress.Parse("10.42.1.2"), IPAddress.Parse("10.42.2.2"), "docker0", "flannel.1", "tcp", 0);
    private static readonly FirewallPacket Home = new("forward", IPAddress.Parse("10.42.2.2"), IPAddress.Parse("10.42.1.2"), "flannel.1", "docker0", "tcp", 0);
    private static readonly FirewallPacket Tunnel = new("input", IPAddress.Parse("192.0.2.12"), IPAddress.Parse("192.0.2.11"), "eth0", "", "udp", 8472);

    [Fact]
    public void F51_Docker_lets_workloads_out_and_nobody_in()
    {
        Assert.Null(InIptables(Docker, Away));
        var obstacle = InIptables(Docker, Home)!;
        Assert.Equal("iptables filter, chain DOCKER, rule 1", obstacle.Where);
        Assert.Equal("-A DOCKER ! -i docker0 -o docker0 -j DROP", obstacle.Rule);
        Assert.True(obstacle.IsSure);
    }

    [Fact]
    public void F51_A_rule_before_it_helps_and_one_behind_it_does_not()
    {
        Assert.Null(InIptables(Docker.Replace("-A FORWARD -j DOCKER-USER", "-A FORWARD -d 10.42.0.0/16 -j ACCEPT\n-A FORWARD -j DOCKER-USER"), Home));
        Assert.NotNull(InIptables(Docker + "\n-A FORWARD -d 10.42.0.0/16 -j ACCEPT", Home));
    }

    [Theory]
    [InlineData("-A FORWARD -s 10.42.0.0/16 -j DROP", true)]
    [InlineData("-A FORWARD -s 10.43.0.0/16 -j DROP", false)]
    [InlineData("-A FORWARD ! -s 10.43.0.0/16 -j DROP", true)]
    [InlineData("-A FORWARD -i docker+ -j REJECT --reject-with icmp-port-unreachable", true)]
    [InlineData("-A FORWARD ! -i docker0 -j DROP", false)]
    [InlineData("-A FORWARD -p udp -j DROP", false)]
    [InlineData("-A FORWARD -m conntrack --ctstate INVALID -j DROP", false)]
    [InlineData("-A FORWARD -m conntrack --ctstate NEW -j DROP", true)]
    [InlineData("-A FORWARD -m comment --comment \"a -j ACCEPT in words\" -j DROP", true)]
    [InlineData("-A FORWARD -j LOG --log-prefix \"DROP \"", false)]
    public void A_rule_of_iptables_is_met_or_not(string rule, bool isDropped)
    {
        var obstacle = InIptables("-P FORWARD ACCEPT\n" + rule, Away);
        Assert.Equal(isDropped, obstacle is not null);
        Assert.True(obstacle?.IsSure ?? true);
    }

    [Theory]
    [InlineData("-A FORWARD -m set --match-set banned src -j DROP")]
    [InlineData("-A FORWARD -p tcp -m tcp --dport 25 -j DROP")]
    [InlineData("-A FORWARD -m limit --limit 1/sec -j DROP")]
    public void A_condition_that_is_not_known_is_no_certainty(string rule)
    {
        Assert.False(InIptables("-P FORWARD ACCEPT\n" + rule, Away)!.IsSure);
        // A rule that surely drops is told before one that may.
        Assert.True(InIptables($"-P FORWARD ACCEPT\n{rule}\n-A FORWARD -j DROP", Away)!.IsSure);
        // One that accepts does not make certain that it passes the first.
        Assert.False(InIptables($"-P FORWARD DROP\n{rule}\n-A FORWARD -j ACCEPT", Away)!.IsSure);
    }

    [Fact]
    public void A_return_leads_back_to_the_chain_before_and_a_circle_ends()
    {
        Assert.Null(InIptables("-P FORWARD ACCEPT\n-N A\n-A FORWARD -j A\n-A A -s 10.42.0.0/16 -j RETURN\n-A A -j DROP", Away));
        Assert.NotNull(InIptables("-P FORWARD DROP\n-N A\n-A FORWARD -g A\n-A FORWARD -j ACCEPT\n-A A -j RETURN", Away));
        Assert.Null(InIptables("-P FORWARD ACCEPT\n-N A\n-A FORWARD -j A\n-A A -j A", Away));
    }

    // nft -j list ruleset in the manner of firewalld: a state map, a jump by interface, a reject at the end.
    private const string Firewalld = """
        {"nftables":[{"metainfo":{"version":"1.0.9","json_schema_version":1}},
        {"table":{"family":"inet","name":"firewalld","handle":1}},
        {"chain":{"family":"inet","table":"firewalld","name":"filter_FORWARD","handle":1,"type":"filter","hook":"forward","prio":10,"policy":"accept"}},
        {"chain":{"family":"inet","table":"firewalld","name":"trusted","handle":2}},
        {"rule":{"family":"inet","table":"firewalld","chain":"filter_FORWARD","handle":3,"expr":[{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["established",{"accept":null}],["related",{"accept":null}],["invalid",{"drop":null}]]}}}]}},
        {"rule":{"family":"inet","table":"firewalld","chain":"filter_FORWARD","handle":4,"expr":[{"vmap":{"key":{"meta":{"key":"iifname"}},"data":{"set":[["wg0",{"goto":{"target":"trusted"}}],["lo",{"accept":null}]]}}}]}},
        {"rule":{"family":"inet","table":"firewalld","chain":"trusted","handle":5,"expr":[{"accept":null}]}},
        {"rule":{"family":"inet","table":"firewalld","chain":"filter_FORWARD","handle":9,"expr":[{"reject":{"type":"icmpx","expr":"admin-prohibited"}}]}}]}
        """;

    [Fact]
    public void F51_Firewalld_rejects_what_is_in_no_zone()
    {
        var obstacle = InNftables(Firewalld, Away)!;
        Assert.Equal("nftables inet firewalld, chain filter_FORWARD, rule 3", obstacle.Where);
        Assert.StartsWith("handle 9", obstacle.Rule);
        Assert.Equal(FirewallVerdict.Reject, obstacle.Verdict);
        Assert.Null(InNftables(Firewalld, Away with { In = "wg0" }));
    }

    [Theory]
    [InlineData("""{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":8472}}""", true)]
    [InlineData("""{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":{"set":[53,{"range":[8000,9000]}]}}}""", true)]
    [InlineData("""{"match":{"op":"!=","left":{"payload":{"protocol":"udp","field":"dport"}},"right":8472}}""", false)]
    [InlineData("""{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":8472}}""", false)]
    [InlineData("""{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"192.0.2.0","len":24}}}}""", true)]
    [InlineData("""{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"198.51.100.1"}}""", false)]
    [InlineData("""{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"eth*"}}""", true)]
    [InlineData("""{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}}""", false)]
    [InlineData("""{"match":{"op":"==","left":{"meta":{"key":"nfproto"}},"right":"ipv6"}}""", false)]
    public void F76_The_tunnels_port_is_closed_by_a_rule_of_nftables_or_not(string match, bool isDropped)
    {
        var obstacle = InNftables(Table(match), Tunnel);
        Assert.Equal(isDropped, obstacle is not null);
        Assert.True(obstacle?.IsSure ?? true);
    }

    [Theory]
    [InlineData("""["198.51.100.1",{"prefix":{"addr":"192.0.2.0","len":24}}]""", true)]
    [InlineData("""[{"elem":{"val":"192.0.2.12","timeout":60}}]""", true)]
    [InlineData("""["198.51.100.1"]""", false)]
    public void A_named_set_is_looked_into(string elements, bool isDropped)
    {
        var json = Table("""{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@banned"}}""")
            .Replace("""{"nftables":[""", """{"nftables":[{"set":{"family":"ip","name":"banned","table":"t","type":"ipv4_addr","handle":3,"elem":""" + elements + "}},");
        Assert.Equal(isDropped, InNftables(json, Tunnel)?.IsSure ?? false);
    }

    [Fact]
    public void A_nodes_own_guard_is_no_obstacle()
        => Assert.Null(InIptables("-P INPUT ACCEPT\n-N FLPS-IN-flannel\n-A INPUT -p udp -m udp --dport 8472 -m comment --comment \"flannelps flannel\" -j FLPS-IN-flannel\n-A FLPS-IN-flannel -j DROP", Tunnel));

    [Fact]
    public void A_named_set_that_is_not_there_is_no_certainty()
        => Assert.False(InNftables(Table("""{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@banned"}}"""), Tunnel)!.IsSure);

    [Fact]
    public void An_accept_of_one_table_does_not_help_against_the_drop_of_the_next()
    {
        var facts = new FirewallFacts([IptablesText.Read("iptables filter", "-P FORWARD ACCEPT\n-A FORWARD -j ACCEPT"), .. NftablesJson.Read(Firewalld, _ => false)]);
        Assert.NotNull(FirewallWalk.Find(facts, Away));
    }

    private static string Table(string match)
        => """{"nftables":[{"chain":{"family":"ip","table":"t","name":"in","handle":1,"type":"filter","hook":"input","prio":0,"policy":"accept"}},{"rule":{"family":"ip","table":"t","chain":"in","handle":2,"expr":["""
            + match + """,{"drop":null}]}}]}""";

    private static FirewallWalk.Obstacle? InIptables(string text, FirewallPacket packet) => FirewallWalk.Find(new([IptablesText.Read("iptables filter", text)]), packet);

    private static FirewallWalk.Obstacle? InNftables(string json, FirewallPacket packet) => FirewallWalk.Find(new(NftablesJson.Read(json, _ => false)), packet);
}
