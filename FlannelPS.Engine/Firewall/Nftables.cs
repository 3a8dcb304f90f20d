using System.Globalization;
using System.Net.Sockets;

namespace FlannelPS.Engine.Firewall;

/// <summary>Keeps an instance's tables in nftables.</summary>
/// <remarks>
/// What stands is compared with what was read back right after it was made: no knowledge of how this nft words a rule is needed. That it was read back before
/// anybody touched it is told by the handles (<see cref="NftTable.IsUntouched"/>).
/// </remarks>
internal sealed class Nftables(FirewallProgram nft, FirewallNames names)
{
    private sealed record Standing(string Shape, string Normal);

    private readonly Dictionary<AddressFamily, Standing> _standing = [];
    private readonly Dictionary<AddressFamily, ulong[]> _forward = [];

    /// <summary>All chains of the host.</summary>
    public IReadOnlyList<NftChain> Chains() => NftListing.Chains(nft.Run("", "-j", "list", "chains"));

    /// <summary>Makes our tables as wanted.</summary>
    /// <param name="rules">What is wanted.</param>
    /// <param name="chains">What stands in the host.</param>
    /// <param name="dropped">Takes the packets of strangers dropped since the tables were made.</param>
    /// <returns>Whether anything had to be changed, apart from the peers.</returns>
    public bool Ensure(RuleSet rules, IReadOnlyList<NftChain> chains, out long dropped)
    {
        var (text, changed) = ("", false);
        dropped = 0;
        foreach (var family in RuleSet.AllFamilies)
        {
            var stands = chains.Any(chain => chain.Family == NftText.Word(family) && chain.Table == names.Table);
            if (rules.Of(family) is not { } wanted)
            {
                text += stands ? NftText.Delete(family, names.Table) : "";
                changed |= stands;
                _standing.Remove(family);
                continue;
            }
            if (stands && _standing.TryGetValue(family, out var standing) && standing.Shape == NftText.Shape(wanted, names.Table)
                && Read(family) is var table && table.Normal == standing.Normal)
            {
                dropped += table.Dropped;
                var peers = wanted.Guard?.Peers ?? [];
                text += NftText.ChangePeers(family, names.Table, peers.Where(peer => !table.Peers.Contains(peer)), table.Peers.Where(peer => !peers.Contains(peer)));
                continue;
            }
            _standing.Remove(family);
            text += NftText.Replace(wanted, names.Table);
            changed = true;
        }
        if (text.Length > 0)
            nft.Run(text, "-f", "-");
        if (changed)
            foreach (var wanted in rules.Families.Where(wanted => !wanted.IsEmpty && !_standing.ContainsKey(wanted.Family)))
                Learn(wanted);
        return changed;
    }

    /// <summary>Makes the accept rules stand at the head of the chain <c>filter FORWARD</c> that others made; for hosts without iptables.</summary>
    /// <returns>Whether anything had to be changed.</returns>
    public bool EnsureForward(AddressFamily family, FamilyRules? wanted)
    {
        var word = NftText.Word(family);
        var rules = NftListing.Rules(nft.Run("", "-j", "-a", "list", "chain", word, "filter", "FORWARD"));
        var ours = rules.Where(rule => rule.Comment == names.Comment).Select(rule => rule.Handle).ToArray();
        var head = rules.SkipWhile(rule => rule.Comment != names.Comment && rule.Comment?.StartsWith("flannelps ", StringComparison.Ordinal) == true);
        // A rule is never edited in place: it would have another handle.
        var known = _forward.GetValueOrDefault(family) ?? [];
        if (wanted?.Forward == true ? known.Length == 2 && ours.SequenceEqual(known) && head.Take(2).Select(rule => rule.Handle).SequenceEqual(known) : ours.Length == 0)
            return false;
        var text = string.Concat(ours.Select(handle => string.Create(CultureInfo.InvariantCulture, $"delete rule {word} filter FORWARD handle {handle}\n")));
        nft.Run(text + (wanted?.Forward == true ? NftText.InsertForward(wanted, names.Comment) : ""), "-f", "-");
        _forward[family] = [.. NftListing.Rules(nft.Run("", "-j", "-a", "list", "chain", word, "filter", "FORWARD")).Where(rule => rule.Comment == names.Comment).Select(rule => rule.Handle)];
        return true;
    }

    /// <summary>Removes the original's tables when they are about these networks alone .</summary>
    /// <param name="networks">Ours.</param>
    public bool RemoveOriginal(IReadOnlyCollection<FamilyRules> networks)
    {
        var tables = NftListing.Tables(nft.Run("", "-j", "list", "tables"));
        var text = "";
        var isOurs = false;
        foreach (var family in RuleSet.AllFamilies)
        {
            var table = OriginalRules.Table(family);
            if (!tables.Contains((NftText.Word(family), table)))
                continue;
            var named = NftListing.Networks(nft.Run("", "-j", "list", "table", NftText.Word(family), table));
            // The original makes both tables always: an empty one goes with the other.
            if (networks.FirstOrDefault(rules => rules.Family == family) is { } rules && OriginalRules.IsAbout(named, rules) || named.Count == 0 && isOurs)
                (text, isOurs) = (text + NftText.Delete(family, table), true);
        }
        if (text.Length > 0)
            nft.Run(text, "-f", "-");
        return text.Length > 0;
    }

    /// <summary>Removes chains of iptables that came with us and are empty now, and the tables that are left with nothing in them.</summary>
    /// <param name="before">Chains that were there before us, as <c>FAMILY TABLE CHAIN</c>.</param>
    public void RemoveEmptyChains(IReadOnlyCollection<string> before)
    {
        var chains = Chains();
        foreach (var table in chains.Where(chain => chain.Family is "ip" or "ip6" && chain.Table is "nat" or "filter").GroupBy(chain => (chain.Family, chain.Table)))
        {
            var left = 0;
            foreach (var chain in table)
            {
                if (before.Contains($"{chain.Family} {chain.Table} {chain.Name}") || chain.Policy is not "accept"
                    || NftListing.Rules(nft.Run("", "-j", "list", "chain", chain.Family, chain.Table, chain.Name)).Count > 0)
                    left++;
                else
                    nft.Run($"delete chain {chain.Family} {chain.Table} {chain.Name}\n", "-f", "-");
            }
            // The kernel refuses while sets or the like are in it; they are not ours.
            if (left == 0 && !before.Any(chain => chain.StartsWith($"{table.Key.Family} {table.Key.Table} ", StringComparison.Ordinal)))
                nft.Run($"delete table {table.Key.Family} {table.Key.Table}\n", "-f", "-");
        }
    }

    private NftTable Read(AddressFamily family) => NftListing.Table(nft.Run("", "-j", "list", "table", NftText.Word(family), names.Table));

    private void Learn(FamilyRules wanted)
    {
        var table = Read(wanted.Family);
        if (!table.IsUntouched || table.Objects != NftText.CountObjects(wanted))
            throw new FirewallException($"somebody changed the table {names.Table} while it was made");
        _standing[wanted.Family] = new(NftText.Shape(wanted, names.Table), table.Normal);
    }
}
