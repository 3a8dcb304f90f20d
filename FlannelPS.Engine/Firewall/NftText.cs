using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlannelPS.Engine.Firewall;

/// <summary>Writes rules as nft(8) reads them with <c>-f</c>, where a whole text is one transaction.</summary>
internal static class NftText
{
    public const string PeersSet = "peers", PostRouting = "postrouting", Forward = "forward", Input = "input";

    /// <summary>Just before srcnat (100), where iptables-nft and most others are: whether to masquerade is decided here first.</summary>
    private const int PostRoutingPriority = 95;

    /// <summary>Just before filter (0).</summary>
    private const int InputPriority = -5;

    /// <summary>nft's word for a family.</summary>
    public static string Word(AddressFamily family) => family == AddressFamily.InterNetwork ? "ip" : "ip6";

    /// <summary>Takes a table away, whether it is there or not.</summary>
    public static string Delete(AddressFamily family, string table) => $"add table {Word(family)} {table}\ndelete table {Word(family)} {table}\n";

    /// <summary>Puts a family's table in place of whatever stands there under its name; at no moment is there neither.</summary>
    public static string Replace(FamilyRules rules, string table) => Delete(rules.Family, table) + Table(rules, table, rules.Guard?.Peers ?? []);

    /// <summary>What the table is to be, apart from who the peers are.</summary>
    public static string Shape(FamilyRules rules, string table) => Table(rules, table, []);

    /// <summary>How many objects the table holds: sets, chains and rules. The kernel numbers them from 1 in a new table.</summary>
    public static int CountObjects(FamilyRules rules)
    {
        var (post, forward) = (rules.PostRouting().Count(), rules.Forwarding().Count());
        return (post > 0 ? post + 1 : 0) + (forward > 0 ? forward + 1 : 0) + (rules.Guard is null ? 0 : 3);
    }

    /// <summary>Changes who the peers are, and nothing else.</summary>
    public static string ChangePeers(AddressFamily family, string table, IEnumerable<IPAddress> add, IEnumerable<IPAddress> delete)
    {
        var (more, less) = (string.Join(", ", add), string.Join(", ", delete));
        return (more.Length > 0 ? $"add element {Word(family)} {table} {PeersSet} {{ {more} }}\n" : "")
            + (less.Length > 0 ? $"delete element {Word(family)} {table} {PeersSet} {{ {less} }}\n" : "");
    }

    /// <summary>Puts the accept rules at the head of a foreign chain, in order.</summary>
    public static string InsertForward(FamilyRules rules, string comment)
    {
        var text = new StringBuilder();
        foreach (var rule in rules.Forwarding().Reverse())
            text.Append(CultureInfo.InvariantCulture, $"insert rule {Word(rules.Family)} filter FORWARD {RuleText(rule, rules.Family)} comment \"{comment}\"\n");
        return text.ToString();
    }

    private static string Table(FamilyRules rules, string table, IReadOnlyCollection<IPAddress> peers)
    {
        var word = Word(rules.Family);
        var text = new StringBuilder($"table {word} {table} {{\n");
        if (rules.Guard is not null)
        {
            text.Append($"\tset {PeersSet} {{\n\t\ttype {(word == "ip" ? "ipv4_addr" : "ipv6_addr")}\n");
            if (peers.Count > 0)
                text.Append("\t\telements = { ").AppendJoin(", ", peers).Append(" }\n");
            text.Append("\t}\n");
        }
        Chain(PostRouting, "nat", "postrouting", PostRoutingPriority, rules.PostRouting().Select(rule => RuleText(rule, rules.Family)));
        Chain(Forward, "filter", "forward", 0, rules.Forwarding().Select(rule => RuleText(rule, rules.Family)));
        // Bits 96 to 119 behind the start of the UDP header are the VNI (RFC 7348 section 5).
        Chain(Input, "filter", "input", InputPriority,
            rules.Guard is { } guard ? [$"udp dport {guard.Port} @th,96,24 {guard.Vni} {word} saddr != @{PeersSet} counter drop"] : []);
        return text.Append("}\n").ToString();

        void Chain(string name, string type, string hook, int priority, IEnumerable<string> lines)
        {
            var all = lines.ToList();
            if (all.Count == 0)
                return;
            text.Append(CultureInfo.InvariantCulture, $"\tchain {name} {{\n\t\ttype {type} hook {hook} priority {priority}; policy accept;\n");
            foreach (var line in all)
                text.Append("\t\t").Append(line).Append('\n');
            text.Append("\t}\n");
        }
    }

    private static string RuleText(Rule rule, AddressFamily family)
    {
        var word = Word(family);
        var text = new StringBuilder();
        if (rule.Marked)
            text.Append(CultureInfo.InvariantCulture, $"meta mark and 0x{FamilyRules.MasqueradeMark:x} == 0x{FamilyRules.MasqueradeMark:x} ");
        if (rule.Source is { } source)
            text.Append(CultureInfo.InvariantCulture, $"{word} saddr {(rule.NotSource ? "!= " : "")}{source} ");
        if (rule.Destination is { } destination)
            text.Append(CultureInfo.InvariantCulture, $"{word} daddr {(rule.NotDestination ? "!= " : "")}{destination} ");
        return text.Append(rule.Action switch
        {
            RuleAction.Return => "return",
            RuleAction.Accept => "accept",
            RuleAction.Masquerade => "masquerade",
            _ => "masquerade fully-random",
        }).ToString();
    }
}
