using System.Text;

namespace FlannelPS.Checks;

/// <summary>Reads what <c>iptables -S</c> prints: policies, chains and rules as arguments.</summary>
/// <remarks>iptables(8), iptables-extensions(8).</remarks>
internal static class IptablesText
{
    /// <summary>The table.</summary>
    /// <param name="name">How it is told.</param>
    /// <param name="text">What the program printed.</param>
    public static FirewallTable Read(string name, string text)
    {
        var policies = new Dictionary<string, FirewallVerdict>(StringComparer.Ordinal);
        var rules = new Dictionary<string, List<FirewallRule>>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = Words(line);
            if (words.Count < 2)
                continue;
            if (words[0] is "-P" or "-N")
                rules.TryAdd(words[1], []);
            if (words is ["-P", var built, var policy, ..])
                policies[built] = policy == "DROP" ? FirewallVerdict.Drop : FirewallVerdict.Accept;
            else if (words[0] == "-A" && !IsOwnGuard(words))
            {
                rules.TryAdd(words[1], []);
                rules[words[1]].Add(Rule(rules[words[1]].Count + 1, line.Trim(), words));
            }
        }
        return new(name, [.. rules.Select(chain => new FirewallChain(
            chain.Key, policies.ContainsKey(chain.Key) ? chain.Key.ToLowerInvariant() : "", policies.GetValueOrDefault(chain.Key), chain.Value))]);
    }

    // A node's own guard drops strangers on purpose, and nothing else.
    private static bool IsOwnGuard(List<string> words) => words[1] == "INPUT" && words[^2] == "-j" && words[^1].StartsWith("FLPS-", StringComparison.Ordinal);

    private static FirewallRule Rule(int position, string text, List<string> words)
    {
        var conditions = new List<Func<FirewallPacket, FirewallMatch>>();
        var (verdict, target) = (FirewallVerdict.Continue, "");
        for (var at = 2; at < words.Count; at++)
        {
            var negated = words[at] == "!";
            if (negated)
                at++;
            if (at >= words.Count)
                break;
            var option = words[at];
            switch (option)
            {
                case "-j" or "-g":
                    (verdict, target) = Verdict(Value(), option == "-g");
                    at = words.Count;    // what follows belongs to the target
                    break;
                case "-m" or "--comment":
                    at++;
                    break;
                case "-s":
                    Add(Value(), negated, (packet, value) => FirewallCondition.Inside(packet.Source, value));
                    break;
                case "-d":
                    Add(Value(), negated, (packet, value) => FirewallCondition.Inside(packet.Destination, value));
                    break;
                case "-i":
                    Add(Value(), negated, (packet, value) => FirewallCondition.Device(packet.In, value));
                    break;
                case "-o":
                    Add(Value(), negated, (packet, value) => FirewallCondition.Device(packet.Out, value));
                    break;
                case "-p":
                    Add(Value(), negated, FirewallCondition.Protocol);
                    break;
                case "--dport" or "--dports":
                    Add(Value(), negated, FirewallCondition.Port);
                    break;
                case "--ctstate" or "--state":
                    Add(Value(), negated, (_, value) => FirewallCondition.State(value));
                    break;
                default:
                    if (option.StartsWith('-'))
                        conditions.Add(FirewallCondition.Unknown);
                    break;
            }

            string Value() => ++at < words.Count ? words[at] : "";
        }
        return new(position, text, conditions, verdict, target);

        void Add(string values, bool negated, Func<FirewallPacket, string, FirewallMatch> one)
            => conditions.Add(packet => FirewallCondition.Any(values.Split(',').Select(value => one(packet, value))) is var match && negated ? FirewallCondition.Not(match) : match);
    }

    private static (FirewallVerdict, string) Verdict(string target, bool isGoto)
        => target switch
        {
            "ACCEPT" => (FirewallVerdict.Accept, ""),
            "DROP" => (FirewallVerdict.Drop, ""),
            "REJECT" => (FirewallVerdict.Reject, ""),
            "MASQUERADE" or "SNAT" => (FirewallVerdict.Masquerade, ""),
            "RETURN" => (FirewallVerdict.Return, ""),
            // LOG, MARK and the like go on to the next rule: no chain has their name.
            _ => (isGoto ? FirewallVerdict.Goto : FirewallVerdict.Jump, target),
        };

    /// <summary>The words of a line; quotes keep blanks together, a backslash its neighbour.</summary>
    private static List<string> Words(string line)
    {
        var (words, word, isQuoted, isOpen) = (new List<string>(), new StringBuilder(), false, false);
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == '\\' && isQuoted && at + 1 < line.Length)
                word.Append(line[++at]);
            else if (line[at] == '"')
                (isQuoted, isOpen) = (!isQuoted, true);
            else if (line[at] == ' ' && !isQuoted)
                Close();
            else
                word.Append(line[at]);
        }
        Close();
        return words;

        void Close()
        {
            if (word.Length > 0 || isOpen)
                words.Add(word.ToString());
            word.Clear();
            isOpen = false;
        }
    }
}
