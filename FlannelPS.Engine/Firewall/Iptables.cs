using System.Net.Sockets;

namespace FlannelPS.Engine.Firewall;

/// <summary>Keeps an instance's chains in iptables, for one family; iptables-nft and iptables-legacy alike.</summary>
internal sealed class Iptables
{
    private readonly FirewallProgram _save, _restore;
    private readonly FirewallNames _names;
    private readonly AddressFamily _family;
    private readonly Dictionary<string, string> _learned = new(StringComparer.Ordinal);

    private Iptables(FirewallProgram save, FirewallProgram restore, FirewallNames names, AddressFamily family, bool isLegacy)
        => (_save, _restore, _names, _family, IsLegacy) = (save, restore, names, family, isLegacy);

    /// <summary>Whether this is iptables-legacy, whose tables the kernel tells nobody of.</summary>
    public bool IsLegacy { get; }

    /// <summary>Finds the programs of a family; null where one of them is not installed.</summary>
    /// <param name="family">The family.</param>
    /// <param name="names">What ours is called.</param>
    /// <param name="variant">Empty for the host's choice; <c>-legacy</c> or <c>-nft</c> for one of the two.</param>
    public static Iptables? Find(AddressFamily family, FirewallNames names, string variant = "")
    {
        var name = (family == AddressFamily.InterNetwork ? "iptables" : "ip6tables") + variant;
        if (FirewallProgram.Find(name + "-save") is not { } save || FirewallProgram.Find(name + "-restore") is not { } restore)
            return null;
        try
        {
            return new(save, restore, names, family, !restore.Run("", "--version").Contains("nf_tables", StringComparison.Ordinal));
        }
        catch (FirewallException)
        {
            return null;    // it is there and does not run: a container's leftover
        }
    }

    /// <summary>Reads all tables that are in use.</summary>
    public IptablesSave Read() => IptablesSave.Parse(_save.Run(""));

    /// <summary>Makes our chains and the jumps into them as wanted.</summary>
    /// <param name="rules">What is wanted; null for nothing.</param>
    /// <param name="present">What stands.</param>
    /// <returns>Whether anything had to be changed.</returns>
    public bool Ensure(FamilyRules? rules, IptablesSave present)
    {
        var wanted = IptablesText.Tables(rules?.Family == _family ? rules : null, _names);
        var changes = present.Changes(wanted, _names, _learned);
        if (changes.Length == 0)
            return false;
        Restore(changes);
        Learn(wanted);
        return true;
    }

    /// <summary>Removes the original's rules for our network.</summary>
    public bool RemoveOriginal(FamilyRules ours)
    {
        var changes = OriginalRules.Remove(Read(), ours);
        if (changes.Length > 0)
            Restore(changes);
        return changes.Length > 0;
    }

    /// <summary>One transaction a table. It waits for the lock that all of iptables-legacy shares, but not for ever.</summary>
    private void Restore(string text) => _restore.Run(text, "--noflush", "--wait=5");

    /// <summary>Another version may word a rule differently: what it shows twice for the chains just written counts as ours, if it has as many rules.</summary>
    /// <remarks>Twice, because somebody may have changed it before it was read back.</remarks>
    private void Learn(IReadOnlyList<IptablesTable> wanted)
    {
        var first = Read();
        if (first.Changes(wanted, _names, _learned) is not { Length: > 0 } changes)
            return;
        Restore(changes);
        var second = Read();
        foreach (var table in wanted)
            foreach (var (chain, rules) in table.Chains)
                if (second.Rules(table.Name, chain) is var lines && lines.Count == rules.Count && lines.SequenceEqual(first.Rules(table.Name, chain)))
                    _learned[chain] = string.Join('\n', lines);
    }
}
