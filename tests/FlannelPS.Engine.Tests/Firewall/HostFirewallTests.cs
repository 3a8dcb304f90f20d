using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Netlink;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Firewall;

/// <summary>The real programs, in a namespace.</summary>
public sealed class HostFirewallTests : IDisposable
{
    private readonly TestNamespace _namespace = TestNamespace.Create();
    private SavedFirewall _saved = SavedFirewall.None;

    public void Dispose() => _namespace.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void F52_Rules_are_put_once_left_alone_put_back_after_any_edit_and_taken_away_without_a_trace(bool nft)
    {
        Require(nft ? "nft" : "iptables");
        Foreign();
        var before = Ruleset();
        var host = New();
        Assert.True(Apply(host, nft).Changed);
        Assert.False(Apply(host, nft).Changed);
        var stands = Ruleset();
        Assert.Contains(nft ? "flannelps-test" : "FLPS-POST-test", stands);
        Assert.Equal(nft ? "nftables" : "iptables", host.Implementation);

        string[] edits = nft
            ? ["flush ruleset", "flush chain ip flannelps-test forward", "add rule ip flannelps-test postrouting accept", "delete table ip6 flannelps-test",
                "insert rule ip flannelps-test input accept", "chain ip flannelps-test forward { policy drop; }"]
            : ["flush ruleset", "flush chain ip filter FLPS-FWD-test", "add rule ip nat FLPS-POST-test counter accept", "insert rule ip filter FORWARD counter drop",
                "flush chain ip6 nat POSTROUTING", "add rule ip filter FORWARD counter jump FLPS-FWD-test"];
        foreach (var edit in edits)
        {
            Exec("nft", edit);
            Assert.True(Apply(host, nft).Changed, edit);
            Assert.False(Apply(host, nft).Changed, edit);
        }
        if (!nft)
            Exec("nft", "delete rule ip filter FORWARD handle " + HandleOf("ip filter FORWARD", "drop"));
        Foreign();
        Assert.Equal(stands.Split('\n').Order(), Ruleset().Split('\n').Order());

        // A restart knows nothing but what was saved.
        Assert.True(_namespace.Run(() => New().Remove()));
        Assert.Equal(before, Ruleset());
        Assert.False(_namespace.Run(() => New().Remove()));
    }

    [Fact]
    public void F74_Peers_are_changed_in_place_and_nothing_else_is()
    {
        Require("nft");
        var host = New();
        Apply(host, nft: true);
        var handles = Exec("nft", "-a list table ip flannelps-test").Split('\n').Where(line => line.Contains("handle", StringComparison.Ordinal)).ToList();
        var more = Wanted.Both() with { Families = [Wanted.V4 with { Guard = Wanted.Guard("198.18.0.13", "198.18.0.14") }, Wanted.V6] };
        Assert.False(_namespace.Run(() => host.Apply(more)).Changed);
        var after = Exec("nft", "-a list table ip flannelps-test");
        Assert.Equal(handles, after.Split('\n').Where(line => line.Contains("handle", StringComparison.Ordinal)));
        Assert.Contains("elements = { 198.18.0.13, 198.18.0.14 }", after);

        // What somebody else puts in or takes out is put right.
        Exec("nft", "add element ip flannelps-test peers { 203.0.113.9 }");
        Exec("nft", "delete element ip flannelps-test peers { 198.18.0.13 }");
        _namespace.Run(() => host.Apply(more));
        Assert.Contains("elements = { 198.18.0.13, 198.18.0.14 }", Exec("nft", "list table ip flannelps-test"));
    }

    [Fact]
    public void F74_A_new_peer_is_let_in_by_one_message_to_the_kernel()
    {
        Require("nft");
        Apply(New(), nft: true);
        using var socket = _namespace.Run(() => new RulesetSocket());
        var generation = socket.Generation();
        var many = Enumerable.Range(0, 700).Select(i => new IPAddress([203, 0, (byte)(i >> 8), (byte)i])).ToList();
        Assert.True(socket.TryAdd(AddressFamily.InterNetwork, "flannelps-test", NftText.PeersSet, many));
        Assert.True(socket.TryAdd(AddressFamily.InterNetwork, "flannelps-test", NftText.PeersSet, many));
        Assert.True(socket.TryAdd(AddressFamily.InterNetworkV6, "flannelps-test", NftText.PeersSet, [IPAddress.Parse("2001:db8::77")]));
        Assert.False(socket.TryAdd(AddressFamily.InterNetwork, "flannelps-none", NftText.PeersSet, many));
        Assert.NotEqual(generation, socket.Generation());
        var table = NftListing.Table(Exec("nft", "-j list table ip flannelps-test"));
        Assert.True(many.All(table.Peers.Contains));
        Assert.Equal(702, table.Peers.Count);
        Assert.Contains("2001:db8::77", Exec("nft", "list table ip6 flannelps-test"));
        Assert.Equal(socket.Generation(), socket.Generation());
    }

    [Theory]
    [InlineData(false, "-nft")]
    [InlineData(false, "-legacy")]
    [InlineData(true, "-nft")]
    [InlineData(true, "-legacy")]
    public void F52_Both_iptables_show_our_rules_as_we_write_them(bool v6, string variant)
    {
        Require($"iptables{variant}");
        var rules = v6 ? Wanted.V6 : Wanted.V4;
        var peers = Enumerable.Range(1, 300).Select(i => v6 ? IPAddress.Parse($"2001:db8::{i:x}") : new IPAddress([203, 0, (byte)(i >> 8), (byte)i]));
        rules = rules with { Guard = rules.Guard! with { Peers = [.. peers] }, Masquerade = rules.Masquerade! with { Except = [IPNetwork.Parse("192.0.2.1/32"), IPNetwork.Parse("2001:db8::1/128")] } };
        _namespace.Run(() =>
        {
            var iptables = Iptables.Find(rules.Family, Wanted.Names, variant)!;
            Assert.Equal(variant == "-legacy", iptables.IsLegacy);
            Assert.True(iptables.Ensure(rules, iptables.Read()));
            Assert.Empty(iptables.Read().Changes(IptablesText.Tables(rules, Wanted.Names), Wanted.Names, new Dictionary<string, string>()));
            Assert.False(iptables.Ensure(rules, iptables.Read()));
            Assert.True(iptables.Ensure(null, iptables.Read()));
            Assert.False(iptables.Ensure(null, iptables.Read()));
            return true;
        });
    }

    [Fact]
    public void Where_only_nft_is_there_the_accept_rules_stand_at_the_head_of_the_foreign_forward_chain()
    {
        Require("nft");
        Exec("nft", "add table ip filter");
        Exec("nft", "add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }");
        Exec("nft", "add rule ip filter FORWARD counter reject");
        var before = Ruleset();
        var nft = new Nftables(FirewallProgram.Find("nft")!, Wanted.Names);
        Assert.True(_namespace.Run(() => nft.EnsureForward(AddressFamily.InterNetwork, Wanted.V4)));
        Assert.False(_namespace.Run(() => nft.EnsureForward(AddressFamily.InterNetwork, Wanted.V4)));
        var lines = Exec("nft", "list chain ip filter FORWARD").Split('\n').Select(line => line.Trim()).ToList();
        Assert.Equal("ip saddr 10.42.0.0/16 accept comment \"flannelps test\"", lines[3]);
        Assert.Equal("ip daddr 10.42.0.0/16 accept comment \"flannelps test\"", lines[4]);
        Exec("nft", "insert rule ip filter FORWARD drop");
        Assert.True(_namespace.Run(() => nft.EnsureForward(AddressFamily.InterNetwork, Wanted.V4)));
        Exec("nft", "delete rule ip filter FORWARD handle " + HandleOf("ip filter FORWARD", "drop"));
        Assert.False(_namespace.Run(() => nft.EnsureForward(AddressFamily.InterNetwork, Wanted.V4)));
        Assert.True(_namespace.Run(() => nft.EnsureForward(AddressFamily.InterNetwork, null)));
        Assert.Equal(before, Ruleset());
    }

    [Fact]
    public void Changes_of_others_are_told_with_table_and_chain()
    {
        Require("iptables");
        var told = new BlockingCollection<RulesetChange>();
        using var monitor = _namespace.Run(() => new RulesetMonitor(told.Add));
        Exec("nft", "add table ip some");
        Await(new("some", null));
        Exec("nft", "add chain ip some one");
        Await(new("some", "one"));
        Exec("iptables", "-A FORWARD -j DROP");
        Await(new("filter", "FORWARD"));
        Exec("iptables", "-F FORWARD");
        Await(new("filter", "FORWARD"));

        void Await(RulesetChange wanted)
        {
            while (told.TryTake(out var change, TimeSpan.FromSeconds(10)))
                if (change == wanted)
                    return;
            Assert.Fail($"{wanted} was not told");
        }
    }

    private HostFirewall New() => new(Wanted.Names, _saved, saved => _saved = saved);

    private FirewallOutcome Apply(HostFirewall host, bool nft) => _namespace.Run(() => host.Apply(Wanted.Both() with { EnableNFTables = nft }));

    private void Foreign()
    {
        Exec("nft", "add table inet foreign");
        Exec("nft", "add chain inet foreign c { type filter hook input priority 7; }");
    }

    private string Ruleset() => Exec("nft", "-s list ruleset");

    private string HandleOf(string chain, string verdict)
        => Exec("nft", "-a list chain " + chain).Split('\n').First(line => line.Trim().StartsWith(verdict, StringComparison.Ordinal) || line.Contains($" {verdict} #", StringComparison.Ordinal)).Split("# handle ")[1].Trim();

    private string Exec(string program, string arguments)
        => Command.Run("ip", ["netns", "exec", _namespace.Name, program, .. arguments.Split(' ')]).ThrowIfFailed().Output;

    private static void Require(string program) => Assert.SkipUnless(Command.IsThere(program), $"{program} is not installed.");
}
