using System.Net;
using FlannelPS.Engine.Firewall;

namespace FlannelPS.Engine.Tests.Firewall;

/// <summary>One rule set as a value, and two ways to write it.</summary>
public sealed class RuleTextTests
{
    [Fact]
    public void Q31_iptables_gets_the_originals_seven_rules_in_its_order()
    {
        var nat = Table(Wanted.V4, "nat");
        const string Comment = "-m comment --comment \"flannelps test\"";
        Assert.Equal($"{Comment} -j FLPS-POST-test", nat.Jumps["POSTROUTING"]);
        Assert.Equal(
        [
            $"-m mark --mark 0x4000/0x4000 {Comment} -j RETURN",
            $"-s 10.42.7.0/24 -d 10.42.0.0/16 {Comment} -j RETURN",
            $"-s 10.42.0.0/16 -d 10.42.7.0/24 {Comment} -j RETURN",
            $"! -s 10.42.0.0/16 -d 10.42.7.0/24 {Comment} -j RETURN",
            $"-s 10.42.0.0/16 ! -d 224.0.0.0/4 {Comment} -j MASQUERADE --random-fully",
            $"! -s 10.42.0.0/16 -d 10.42.0.0/16 {Comment} -j MASQUERADE --random-fully",
        ], nat.Chains["FLPS-POST-test"]);
        Assert.Equal([$"-s 10.42.0.0/16 {Comment} -j ACCEPT", $"-d 10.42.0.0/16 {Comment} -j ACCEPT"], Table(Wanted.V4, "filter").Chains["FLPS-FWD-test"]);
    }

    [Fact]
    public void Q31_Nftables_gets_the_same_rules_with_a_masked_mark()
    {
        var text = NftText.Replace(Wanted.V4, "flannelps-test");
        Assert.Contains("""
            	chain postrouting {
            		type nat hook postrouting priority 95; policy accept;
            		meta mark and 0x4000 == 0x4000 return
            		ip saddr 10.42.7.0/24 ip daddr 10.42.0.0/16 return
            		ip saddr 10.42.0.0/16 ip daddr 10.42.7.0/24 return
            		ip saddr != 10.42.0.0/16 ip daddr 10.42.7.0/24 return
            		ip saddr 10.42.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
            		ip saddr != 10.42.0.0/16 ip daddr 10.42.0.0/16 masquerade fully-random
            	}
            """, text);
        Assert.StartsWith("add table ip flannelps-test\ndelete table ip flannelps-test\ntable ip flannelps-test {\n", text);
        Assert.Contains("elements = { 198.18.0.12, 198.18.0.13 }", text);
        Assert.Contains("udp dport 8472 @th,96,24 1 ip saddr != @peers counter drop", text);
        Assert.DoesNotContain("elements", NftText.Shape(Wanted.V4, "flannelps-test"));
    }

    [Fact]
    public void IPv6_goes_the_same_way()
    {
        var text = NftText.Replace(Wanted.V6, "t");
        Assert.Contains("ip6 saddr fd00:42::/48 ip6 daddr != ff00::/8 masquerade fully-random", text);
        Assert.Contains("type ipv6_addr", text);
        var rules = Table(Wanted.V6, "nat").Chains["FLPS-POST-test"];
        Assert.Contains(rules, rule => rule.StartsWith("-s fd00:42::/48 ! -d ff00::/8 ", StringComparison.Ordinal));
        Assert.Contains("0x34>>0x8=0x1", Table(Wanted.V6, "filter").Chains["FLPS-IN-test"][0]);
    }

    [Fact]
    public void Prefixes_without_masquerade_are_kept_in_both_directions_and_only_in_their_own_family()
    {
        var rules = Wanted.V4 with { Masquerade = new(false, [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("2001:db8::/32")]) };
        var text = NftText.Replace(rules, "t");
        Assert.Contains("return\n\t\tip saddr 10.42.0.0/16 ip daddr 192.0.2.0/24 return\n\t\tip saddr 192.0.2.0/24 ip daddr 10.42.0.0/16 return\n", text);
        Assert.DoesNotContain("2001:db8", text);
        Assert.DoesNotContain("fully-random", text);
        Assert.DoesNotContain("--random-fully", string.Join('\n', Table(rules, "nat").Chains["FLPS-POST-test"]));
    }

    [Fact]
    public void What_is_switched_off_is_not_written()
    {
        var rules = Wanted.V4 with { Masquerade = null, Forward = false };
        Assert.Equal(3, NftText.CountObjects(rules));
        Assert.DoesNotContain("postrouting", NftText.Replace(rules, "t"));
        Assert.Empty(Table(rules, "nat").Chains);
        Assert.Equal(["INPUT"], Table(rules, "filter").Jumps.Keys);
        Assert.True((rules with { Guard = null }).IsEmpty);
    }

    [Theory]
    [InlineData("flannel")]
    [InlineData("a")]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345")]
    [InlineData("subnet-0123456789abcdef-x")]
    public void Q34_Chains_are_called_after_the_instance_and_fit_into_28_characters(string instance)
    {
        var names = new FirewallNames(instance);
        string[] chains = [names.PostRouting, names.Forward, names.Input, names.Peers(0), names.Peers(0x7fff)];
        Assert.All(chains, chain => Assert.InRange(chain.Length, 1, 28));
        Assert.All(chains, chain => Assert.True(names.Owns(chain), chain));
        var other = new FirewallNames(instance[..^1] + "x");
        if (other.Instance != instance)
            Assert.All(chains, chain => Assert.False(other.Owns(chain), chain));
        Assert.All(["FLANNEL-FWD", "FLPS-FWD-", "FLPS-P-" + instance, "FORWARD", "FLPS-P0-x" + instance], chain => Assert.False(names.Owns(chain), chain));
    }

    private static IptablesTable Table(FamilyRules rules, string name) => IptablesText.Tables(rules, Wanted.Names).Single(table => table.Name == name);
}
