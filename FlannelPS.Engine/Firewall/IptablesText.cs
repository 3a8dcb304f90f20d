using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlannelPS.Engine.Firewall;

/// <summary>A table's chains and the jumps into them, in iptables-save(8)'s own words.</summary>
/// <param name="Name">The table.</param>
/// <param name="Chains">Our chains with their rules, each rule without its <c>-A CHAIN</c>.</param>
/// <param name="Jumps">What stands at the head of the kernel's own chains: chain, and rule.</param>
internal sealed record IptablesTable(string Name, IReadOnlyDictionary<string, IReadOnlyList<string>> Chains, IReadOnlyDictionary<string, string> Jumps);

/// <summary>Writes rules as iptables-save(8) shows and iptables-restore(8) reads them.</summary>
internal static class IptablesText
{
    /// <summary>What the tables of one family are to hold; both tables always, so that what is not wanted goes.</summary>
    public static IReadOnlyList<IptablesTable> Tables(FamilyRules? rules, FirewallNames names)
    {
        var (nat, natJumps) = (new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, string>());
        var (filter, filterJumps) = (new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, string>());
        var comment = $"-m comment --comment \"{names.Comment}\" ";
        if (rules is not null)
        {
            Put(nat, natJumps, "POSTROUTING", names.PostRouting, rules.PostRouting());
            Put(filter, filterJumps, "FORWARD", names.Forward, rules.Forwarding());
            if (rules.Guard is { } guard)
            {
                filterJumps["INPUT"] = $"-p udp -m udp --dport {guard.Port} {comment}-j {names.Input}";
                filter[names.Input] = [$"-m u32 --u32 \"{VniIs(rules.Family, guard.Vni)}\" {comment}-j {names.Peers(0)}"];
                PeerTree.Write(rules.Family, guard.Peers, names, filter);
            }
        }
        return [new("nat", nat, natJumps), new("filter", filter, filterJumps)];

        void Put(Dictionary<string, IReadOnlyList<string>> chains, Dictionary<string, string> jumps, string head, string chain, IEnumerable<Rule> wanted)
        {
            var lines = wanted.Select(rule => RuleText(rule, comment)).ToList();
            if (lines.Count == 0)
                return;
            chains[chain] = lines;
            jumps[head] = $"{comment}-j {chain}";
        }
    }

    private static string RuleText(Rule rule, string comment)
    {
        var text = new StringBuilder();
        if (rule.Source is { } source)
            text.Append(CultureInfo.InvariantCulture, $"{(rule.NotSource ? "! " : "")}-s {source} ");
        if (rule.Destination is { } destination)
            text.Append(CultureInfo.InvariantCulture, $"{(rule.NotDestination ? "! " : "")}-d {destination} ");
        if (rule.Marked)
            text.Append(CultureInfo.InvariantCulture, $"-m mark --mark 0x{FamilyRules.MasqueradeMark:x}/0x{FamilyRules.MasqueradeMark:x} ");
        return text.Append(comment).Append(rule.Action switch
        {
            RuleAction.Return => "-j RETURN",
            RuleAction.Accept => "-j ACCEPT",
            RuleAction.Masquerade => "-j MASQUERADE",
            _ => "-j MASQUERADE --random-fully",
        }).ToString();
    }

    /// <summary>xt_u32: jumps over the IPv4 header by its own length, and over the fixed IPv6 one; 12 bytes behind is the VNI (UDP 8, flags 4).</summary>
    private static string VniIs(AddressFamily family, uint vni)
        => family == AddressFamily.InterNetwork ? $"0x0>>0x16&0x3c@0xc>>0x8=0x{vni:x}" : $"0x34>>0x8=0x{vni:x}";
}
