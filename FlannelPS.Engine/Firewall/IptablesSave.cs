using System.Text;

namespace FlannelPS.Engine.Firewall;

/// <summary>What iptables-save(8) printed: tables, their chains, and the rules in them.</summary>
internal sealed class IptablesSave
{
    private readonly Dictionary<string, Dictionary<string, List<string>>> _tables = new(StringComparer.Ordinal);

    /// <summary>Reads it. A line that is not understood is none of ours.</summary>
    public static IptablesSave Parse(string text)
    {
        var save = new IptablesSave();
        Dictionary<string, List<string>>? table = null;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd();
            if (line.StartsWith("*"))
                save._tables[line[1..].ToString()] = table = new(StringComparer.Ordinal);
            else if (table is not null && line.StartsWith(":") && line.IndexOf(' ') is > 1 and var end)
                table.TryAdd(line[1..end].ToString(), []);
            else if (table is not null && line.StartsWith("-A ") && line[3..].IndexOf(' ') is > 0 and var length)
            {
                var chain = line.Slice(3, length).ToString();
                if (!table.TryGetValue(chain, out var rules))
                    table[chain] = rules = [];
                rules.Add(line[(3 + length + 1)..].ToString());
            }
        }
        return save;
    }

    /// <summary>Whether a table is in use.</summary>
    public bool HasTable(string table) => _tables.ContainsKey(table);

    /// <summary>The rules of a chain, each without its <c>-A CHAIN</c>; empty where there is no such chain.</summary>
    public IReadOnlyList<string> Rules(string table, string chain)
        => _tables.GetValueOrDefault(table)?.GetValueOrDefault(chain) is { } rules ? rules : [];

    /// <summary>The chains of a table.</summary>
    public IEnumerable<string> Chains(string table) => _tables.GetValueOrDefault(table)?.Keys ?? Enumerable.Empty<string>();

    /// <summary>What makes the tables as wanted, as one text for iptables-restore with <c>--noflush</c>; empty when they are.</summary>
    /// <param name="wanted">Our part of the tables.</param>
    /// <param name="names">Tells our chains.</param>
    /// <param name="learned">How this iptables shows a chain that was written as wanted, by chain, where that differs from our own words.</param>
    public string Changes(IReadOnlyList<IptablesTable> wanted, FirewallNames names, IReadOnlyDictionary<string, string> learned)
    {
        var text = new StringBuilder();
        foreach (var table in wanted)
            Change(table, names, learned, text);
        return text.ToString();
    }

    /// <summary>Whether our rules stand at the head of a chain: alone of their kind, and with none before them but other instances'.</summary>
    private static bool IsAtHead(List<string> rules, List<string> ours, string? jump)
    {
        if (jump is null)
            return ours.Count == 0;
        return ours.Count == 1 && Normal(ours[0]) == Normal(jump) && rules.TakeWhile(rule => rule != ours[0]).All(FirewallNames.IsJumpOfAny);
    }

    /// <summary>iptables quotes a comment only where it must, and older ones always.</summary>
    private static string Normal(string rule) => rule.Replace("\"", "", StringComparison.Ordinal);

    private void Change(IptablesTable table, FirewallNames names, IReadOnlyDictionary<string, string> learned, StringBuilder text)
    {
        var present = _tables.GetValueOrDefault(table.Name) ?? [];
        var stale = present.Keys.Where(chain => names.Owns(chain) && !table.Chains.ContainsKey(chain)).ToList();
        var chainsDiffer = stale.Count > 0 || table.Chains.Any(chain => !Stands(present.GetValueOrDefault(chain.Key), chain.Value, learned.GetValueOrDefault(chain.Key)));

        var heads = new StringBuilder();
        foreach (var head in present.Keys.Where(chain => !names.Owns(chain)).Union(table.Jumps.Keys))
        {
            var rules = present.GetValueOrDefault(head) ?? [];
            var ours = rules.Where(rule => JumpsToOurs(rule, names)).ToList();
            var jump = table.Jumps.GetValueOrDefault(head);
            if (IsAtHead(rules, ours, jump))
                continue;
            foreach (var rule in ours)
                heads.Append("-D ").Append(head).Append(' ').Append(rule).Append('\n');
            if (jump is not null)
                heads.Append("-I ").Append(head).Append(" 1 ").Append(jump).Append('\n');
        }
        if (!chainsDiffer && heads.Length == 0)
            return;

        text.Append('*').Append(table.Name).Append('\n');
        // Naming a chain of ours empties it, and makes it where it is not there.
        foreach (var chain in table.Chains.Keys.Concat(stale))
            text.Append(':').Append(chain).Append(" - [0:0]\n");
        foreach (var (chain, rules) in table.Chains)
            foreach (var rule in rules)
                text.Append("-A ").Append(chain).Append(' ').Append(rule).Append('\n');
        text.Append(heads);
        foreach (var chain in stale)
            text.Append("-X ").Append(chain).Append('\n');
        text.Append("COMMIT\n");
    }

    private static bool Stands(List<string>? present, IReadOnlyList<string> wanted, string? learned)
        => present is not null && (present.Count == wanted.Count && present.Zip(wanted).All(pair => Normal(pair.First) == Normal(pair.Second)) || string.Join('\n', present) == learned);

    private static bool JumpsToOurs(string rule, FirewallNames names)
        => rule.LastIndexOf(" -j ", StringComparison.Ordinal) is >= 0 and var at && names.Owns(rule[(at + 4)..])
            || rule.StartsWith("-j ", StringComparison.Ordinal) && names.Owns(rule[3..]);
}
