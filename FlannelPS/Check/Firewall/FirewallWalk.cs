namespace FlannelPS.Checks;

/// <summary>Leads a packet through the rules.</summary>
internal static class FirewallWalk
{
    private const int DeepestJump = 64;

    /// <summary>Who drops it.</summary>
    /// <param name="Where">Table, chain and position, or the chain's policy.</param>
    /// <param name="Rule">The rule as its tool shows it; the policy in words.</param>
    /// <param name="Verdict">Drop or Reject.</param>
    /// <param name="IsSure">False where a condition is about something that is not known here.</param>
    public sealed record Obstacle(string Where, string Rule, FirewallVerdict Verdict, bool IsSure);

    /// <summary>The first rule that drops the packet; null when it passes. One that may drop it counts only if no rule surely does.</summary>
    public static Obstacle? Find(FirewallFacts facts, FirewallPacket packet)
    {
        Obstacle? doubtful = null;
        foreach (var table in facts.Tables)
        {
            var chains = table.Chains.ToLookup(chain => chain.Name, StringComparer.Ordinal);
            foreach (var entry in table.Chains.Where(chain => chain.Hook == packet.Hook))
            {
                var (verdict, obstacle) = Walk(table, entry, chains, packet, ref doubtful, 0);
                if (verdict is FirewallVerdict.Drop or FirewallVerdict.Reject)
                    return obstacle;
                if (verdict is FirewallVerdict.Continue or FirewallVerdict.Return && entry.Policy is FirewallVerdict.Drop or FirewallVerdict.Reject)
                    return new($"{table.Name}, chain {entry.Name}, policy", $"policy {entry.Policy.ToString().ToUpperInvariant()}", entry.Policy, IsSure: true);
            }
        }
        return doubtful;
    }

    /// <summary>The rules that surely give a packet another source: the first of each chain that packets meet when they leave.</summary>
    public static IReadOnlyList<Obstacle> Masquerading(FirewallFacts facts, FirewallPacket packet)
    {
        Obstacle? doubtful = null;
        var found = new List<Obstacle>();
        foreach (var table in facts.Nat)
        {
            var chains = table.Chains.ToLookup(chain => chain.Name, StringComparer.Ordinal);
            foreach (var entry in table.Chains.Where(chain => chain.Hook == packet.Hook))
                if (Walk(table, entry, chains, packet, ref doubtful, 0) is (FirewallVerdict.Masquerade, { } rule))
                    found.Add(rule);
        }
        return found;
    }

    private static (FirewallVerdict, Obstacle?) Walk(
        FirewallTable table, FirewallChain chain, ILookup<string, FirewallChain> chains, FirewallPacket packet, ref Obstacle? doubtful, int depth)
    {
        if (depth > DeepestJump)
            return (FirewallVerdict.Continue, null);
        foreach (var rule in chain.Rules)
        {
            var match = rule.Meets(packet);
            if (match == FirewallMatch.No || rule.Verdict == FirewallVerdict.Continue)
                continue;
            if (rule.Verdict is FirewallVerdict.Jump or FirewallVerdict.Goto)
            {
                if (chains[rule.Target].FirstOrDefault() is not { } next)
                    continue;
                var before = doubtful;
                var (verdict, obstacle) = Walk(table, next, chains, packet, ref doubtful, depth + 1);
                if (match == FirewallMatch.Yes && verdict is not (FirewallVerdict.Continue or FirewallVerdict.Return))
                    return (verdict, obstacle);
                if (match == FirewallMatch.Maybe && obstacle is not null)
                    doubtful = before ?? obstacle with { IsSure = false };
                if (match == FirewallMatch.Yes && rule.Verdict == FirewallVerdict.Goto)
                    return (FirewallVerdict.Return, null);
                continue;
            }
            var isObstacle = rule.Verdict is FirewallVerdict.Drop or FirewallVerdict.Reject or FirewallVerdict.Masquerade;
            var found = isObstacle ? new Obstacle($"{table.Name}, chain {chain.Name}, rule {rule.Position}", rule.Text, rule.Verdict, match == FirewallMatch.Yes) : null;
            if (match == FirewallMatch.Yes)
                return (rule.Verdict, found);
            doubtful ??= found;
        }
        return (FirewallVerdict.Continue, null);
    }
}
