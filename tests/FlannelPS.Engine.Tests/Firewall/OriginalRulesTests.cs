using System.Net;
using FlannelPS.Engine.Firewall;

namespace FlannelPS.Engine.Tests.Firewall;

/// <summary>What flanneld 0.20.2 and 0.28.9 leave behind, as seen.</summary>
public sealed class OriginalRulesTests
{
    private const string Common = """
        *filter
        :FORWARD ACCEPT [0:0]
        :FLANNEL-FWD - [0:0]
        -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
        -A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
        -A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
        COMMIT
        *nat
        :POSTROUTING ACCEPT [0:0]
        :FLANNEL-POSTRTG - [0:0]
        -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
        -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN

        """;

    public static TheoryData<string> Versions { get; } = new(
        Common + """
            -A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            -A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.58.0/24 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            COMMIT
            """,
        Common + """
            -A FLANNEL-POSTRTG -s 10.42.30.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.30.0/24 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.30.0/24 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            -A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            COMMIT
            """);

    [Theory]
    [MemberData(nameof(Versions))]
    public void Q32_Both_versions_rules_for_our_network_go_jump_first(string save)
    {
        var text = OriginalRules.Remove(IptablesSave.Parse(save), Wanted.V4);
        Assert.Equal("""
            *nat
            -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            -F FLANNEL-POSTRTG
            -X FLANNEL-POSTRTG
            COMMIT
            *filter
            -D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            -F FLANNEL-FWD
            -X FLANNEL-FWD
            COMMIT

            """, text);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Another_networks_rules_stay(string save)
        => Assert.Empty(OriginalRules.Remove(IptablesSave.Parse(save.Replace("10.42.", "10.50.", StringComparison.Ordinal)), Wanted.V4));

    [Fact]
    public void Where_two_networks_share_a_chain_only_ours_rules_go()
    {
        var save = Common + """
            COMMIT
            *filter
            :FLANNEL-FWD - [0:0]
            -A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            -A FLANNEL-FWD -s 10.50.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            COMMIT
            """;
        Assert.Equal("*filter\n-D FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment \"flanneld forward\" -j ACCEPT\nCOMMIT\n", OriginalRules.Remove(IptablesSave.Parse(save), Wanted.V4));
    }

    [Theory]
    [InlineData("10.42.0.0/16 10.42.94.0/24 224.0.0.0/4", true)]
    [InlineData("10.42.0.0/16", true)]
    [InlineData("10.50.0.0/16 10.50.94.0/24 224.0.0.0/4", false)]
    [InlineData("10.42.0.0/16 10.50.0.0/16", false)]
    [InlineData("10.42.94.0/24", false)]
    [InlineData("", false)]
    public void Its_nftables_table_is_ours_only_when_it_is_about_our_network_alone(string networks, bool isOurs)
        => Assert.Equal(isOurs, OriginalRules.IsAbout([.. networks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse)], Wanted.V4));
}
