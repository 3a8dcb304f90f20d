using System.Text.Json;

namespace FlannelPS.Checks;

/// <summary>Reads what <c>nft -j list ruleset</c> prints.</summary>
/// <remarks>libnftables-json(5).</remarks>
internal static class NftablesJson
{
    /// <summary>The tables that IPv4 packets meet.</summary>
    /// <param name="text">What the program printed.</param>
    /// <param name="isLeftOut">Tables that were read in another way.</param>
    /// <param name="type">What kind of chains packets are led into: filter, or nat.</param>
    public static IReadOnlyList<FirewallTable> Read(string text, Func<string, bool> isLeftOut, string type = "filter")
    {
        // The rules keep parts of it; it is left to the collector.
        var items = JsonDocument.Parse(text).RootElement.GetProperty("nftables").EnumerateArray().ToList();
        var sets = items.Where(item => item.TryGetProperty("set", out _)).Select(item => item.GetProperty("set"))
            .ToLookup(set => (TableOf(set), "@" + Text(set, "name")), set => set.TryGetProperty("elem", out var elements) ? [.. elements.EnumerateArray()] : Array.Empty<JsonElement>());
        var rules = items.Where(item => item.TryGetProperty("rule", out _)).Select(item => item.GetProperty("rule")).ToLookup(rule => (TableOf(rule), Text(rule, "chain")));
        var tables = items.Where(item => item.TryGetProperty("chain", out _)).Select(item => item.GetProperty("chain"))
            .Where(chain => Text(chain, "family") is "ip" or "inet" && !isLeftOut(TableOf(chain)))
            .GroupBy(TableOf)
            .Select(chains => (Name: chains.Key, Chains: chains.OrderBy(Priority).ToList()));
        return [.. tables.OrderBy(table => table.Chains.Min(Priority)).Select(table => new FirewallTable($"nftables {table.Name}", [.. table.Chains.Select(chain => Chain(chain, rules[(table.Name, Text(chain, "name"))], name => sets[(table.Name, name)].FirstOrDefault(), type))]))];
    }

    private static FirewallChain Chain(JsonElement chain, IEnumerable<JsonElement> rules, Func<string, JsonElement[]?> sets, string type)
    {
        var (number, all) = (0, new List<FirewallRule>());
        foreach (var rule in rules)
        {
            number++;
            all.AddRange(Rules(number, rule, sets));
        }
        return new(Text(chain, "name"), Text(chain, "type") == type ? Text(chain, "hook") : "", Text(chain, "policy") == "drop" ? FirewallVerdict.Drop : FirewallVerdict.Accept, all);
    }

    /// <summary>One rule, or for a verdict map one for each of its elements.</summary>
    private static IEnumerable<FirewallRule> Rules(int position, JsonElement rule, Func<string, JsonElement[]?> sets)
    {
        var conditions = new List<Func<FirewallPacket, FirewallMatch>>();
        var shown = $"handle {(rule.TryGetProperty("handle", out var handle) ? handle.ToString() : "?")}: {Shown(rule)}";
        foreach (var statement in rule.TryGetProperty("expr", out var list) ? list.EnumerateArray().SelectMany(item => item.EnumerateObject()) : [])
        {
            if (Verdict(statement) is { } verdict)
            {
                yield return new(position, shown, [.. conditions], verdict.Verdict, verdict.Target);
                yield break;
            }
            switch (statement.Name)
            {
                case "match":
                    var (left, right, isNegated) = (statement.Value.GetProperty("left"), statement.Value.GetProperty("right"), Text(statement.Value, "op") == "!=");
                    conditions.Add(packet => InSet(packet, left, right, sets) is var match && isNegated ? FirewallCondition.Not(match) : match);
                    break;
                case "vmap":
                    foreach (var mapped in Mapped(position, shown, conditions, statement.Value))
                        yield return mapped;
                    break;
                case "counter" or "log" or "meta" or "mangle" or "notrack" or "comment":
                    break;
                default:
                    conditions.Add(FirewallCondition.Unknown);    // limit, xt and whatever comes
                    break;
            }
        }
    }

    private static IEnumerable<FirewallRule> Mapped(int position, string shown, List<Func<FirewallPacket, FirewallMatch>> conditions, JsonElement map)
    {
        if (!map.TryGetProperty("key", out var key) || !map.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("set", out var set))
            yield break;    // a named map: its elements are not part of the rule
        foreach (var element in set.EnumerateArray().Where(element => element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2))
            if (element[1].ValueKind == JsonValueKind.Object && element[1].EnumerateObject().Select(Verdict).FirstOrDefault() is { } verdict)
                yield return new(position, shown, [.. conditions, packet => Match(packet, key, element[0])], verdict.Verdict, verdict.Target);
    }

    private static (FirewallVerdict Verdict, string Target)? Verdict(JsonProperty statement)
        => statement.Name switch
        {
            "accept" => (FirewallVerdict.Accept, ""),
            "drop" => (FirewallVerdict.Drop, ""),
            "reject" => (FirewallVerdict.Reject, ""),
            "masquerade" or "snat" => (FirewallVerdict.Masquerade, ""),
            "return" => (FirewallVerdict.Return, ""),
            "jump" => (FirewallVerdict.Jump, Text(statement.Value, "target")),
            "goto" => (FirewallVerdict.Goto, Text(statement.Value, "target")),
            _ => null,
        };

    // A named set's elements are part of the list; those of one that is filled by rules are not all of it.
    private static FirewallMatch InSet(FirewallPacket packet, JsonElement left, JsonElement right, Func<string, JsonElement[]?> sets)
        => right.ValueKind == JsonValueKind.String && right.GetString() is ['@', ..] name && sets(name) is { } elements
            ? FirewallCondition.Any(elements.Select(element => Match(packet, left, element)))
            : Match(packet, left, right);

    private static FirewallMatch Match(FirewallPacket packet, JsonElement left, JsonElement right)
    {
        if (right.ValueKind == JsonValueKind.Object && right.TryGetProperty("elem", out var adorned) && adorned.TryGetProperty("val", out var bare))
            return Match(packet, left, bare);    // with a time-out, a counter or a comment
        if (right.ValueKind == JsonValueKind.Object && right.TryGetProperty("set", out var set))
            return FirewallCondition.Any(set.EnumerateArray().Select(item => Match(packet, left, item)));
        if (right.ValueKind == JsonValueKind.Array)
            return FirewallCondition.Any(right.EnumerateArray().Select(item => Match(packet, left, item)));
        if (Value(right) is not { } value || left.ValueKind != JsonValueKind.Object)
            return FirewallMatch.Maybe;
        if (left.TryGetProperty("meta", out var meta))
            return Text(meta, "key") switch
            {
                "iifname" or "iif" => FirewallCondition.Device(packet.In, value),
                "oifname" or "oif" => FirewallCondition.Device(packet.Out, value),
                "l4proto" => FirewallCondition.Protocol(packet, value),
                "nfproto" => value == "ipv4" ? FirewallMatch.Yes : FirewallMatch.No,
                _ => FirewallMatch.Maybe,
            };
        if (left.TryGetProperty("ct", out var connection))
            return Text(connection, "key") == "state" ? FirewallCondition.State(value) : FirewallMatch.Maybe;
        if (!left.TryGetProperty("payload", out var payload))
            return FirewallMatch.Maybe;
        return (Text(payload, "protocol"), Text(payload, "field")) switch
        {
            ("ip", "saddr") => FirewallCondition.Inside(packet.Source, value),
            ("ip", "daddr") => FirewallCondition.Inside(packet.Destination, value),
            ("ip", "protocol") => FirewallCondition.Protocol(packet, value),
            ("ip6", _) => FirewallMatch.No,
            (("udp" or "tcp") and var protocol, "dport") => packet.Protocol == protocol ? FirewallCondition.Port(packet, value) : FirewallMatch.No,
            (("udp" or "tcp" or "icmp" or "icmpv6") and var protocol, _) => packet.Protocol == protocol ? FirewallMatch.Maybe : FirewallMatch.No,
            _ => FirewallMatch.Maybe,
        };
    }

    private static string? Value(JsonElement right)
        => right.ValueKind switch
        {
            JsonValueKind.String when right.GetString()!.StartsWith('@') => null,
            JsonValueKind.String => right.GetString(),
            JsonValueKind.Number => right.ToString(),
            JsonValueKind.Object when right.TryGetProperty("prefix", out var prefix) => $"{Text(prefix, "addr")}/{prefix.GetProperty("len")}",
            JsonValueKind.Object when right.TryGetProperty("range", out var range) && range.GetArrayLength() == 2 => $"{range[0]}-{range[1]}",
            _ => null,
        };

    private static string Shown(JsonElement rule)
        => string.Join(' ', rule.TryGetProperty("expr", out var list) ? list.EnumerateArray().SelectMany(item => item.EnumerateObject()).Select(Words) : []);

    private static string Words(JsonProperty statement)
        => statement.Name != "match" ? statement.Value.ValueKind == JsonValueKind.Object && statement.Value.TryGetProperty("target", out var target) ? $"{statement.Name} {target}" : statement.Name
            : $"{Side(statement.Value.GetProperty("left"))} {(Text(statement.Value, "op") == "!=" ? "!= " : "")}{Value(statement.Value.GetProperty("right")) ?? statement.Value.GetProperty("right").ToString()}";

    private static string Side(JsonElement left)
        => left.ValueKind != JsonValueKind.Object ? left.ToString()
            : left.TryGetProperty("meta", out var meta) ? Text(meta, "key")
            : left.TryGetProperty("ct", out var connection) ? $"ct {Text(connection, "key")}"
            : left.TryGetProperty("payload", out var payload) ? $"{Text(payload, "protocol")} {Text(payload, "field")}"
            : left.ToString();

    private static string TableOf(JsonElement item) => $"{Text(item, "family")} {Text(item, "table")}";

    private static int Priority(JsonElement chain) => chain.TryGetProperty("prio", out var priority) && priority.TryGetInt32(out var number) ? number : int.MaxValue;

    private static string Text(JsonElement item, string name)
        => item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
