using System.Net.Sockets;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Firewall;

/// <summary>What an instance has put into the host's firewall, so that it can be taken out again.</summary>
/// <param name="Used">The programs that hold rules of ours: <c>nft</c>, <c>iptables</c>, <c>ip6tables</c>.</param>
/// <param name="Before">Chains of iptables that nftables had before us, <c>FAMILY TABLE CHAIN</c>; what came with us goes with us.</param>
public sealed record SavedFirewall(string[] Used, string[] Before)
{
    /// <summary>Nothing.</summary>
    public static SavedFirewall None { get; } = new([], []);
}

/// <summary>What an application of the rules came to.</summary>
/// <param name="Changed">Whether rules of ours had to be put, apart from the peers.</param>
/// <param name="Dropped">Packets of strangers dropped since the rules were put; null where that is not counted.</param>
/// <param name="Missing">What is wanted and cannot be had here; empty for nothing.</param>
/// <param name="Guarded">Whether strangers are kept from the tunnel.</param>
internal sealed record FirewallOutcome(bool Changed, long? Dropped, string Missing, bool Guarded);

/// <summary>The one place that acts on the host's firewall: chooses the program, and keeps both kinds of rules as they should be, those of the other kind being none.</summary>
/// <remarks>Not thread-safe. It works in the network namespace of the calling thread.</remarks>
internal sealed class HostFirewall
{
    private const string Nft = "nft";
    private readonly FirewallNames _names;
    private readonly Action<SavedFirewall> _save;
    private readonly Nftables? _nft;
    private bool? _wantsNft;
    private readonly Dictionary<AddressFamily, Iptables?> _iptables = [];
    private SavedFirewall _saved;
    private bool _looked;
    private string _noGuard = "";

    /// <param name="names">What ours is called.</param>
    /// <param name="saved">What an earlier run left.</param>
    /// <param name="save">Keeps it, before anything is put.</param>
    public HostFirewall(FirewallNames names, SavedFirewall saved, Action<SavedFirewall> save)
    {
        (_names, _saved, _save) = (names, saved, save);
        _nft = FirewallProgram.Find(Nft) is { } program ? new(program, names) : null;
    }

    /// <summary>Whether rules go into nftables; null where there is nothing to put them into.</summary>
    public bool? UsesNft => _wantsNft == true ? _nft is null ? null : true : _wantsNft is null && _nft is not null ? true : IptablesOf(AddressFamily.InterNetwork) is null ? null : false;

    /// <summary>The name of the implementation in use.</summary>
    public string Implementation => UsesNft switch { true => "nftables", false => "iptables", null => "none" };

    /// <summary>Whether rules of ours may stand where the kernel tells nobody of changes.</summary>
    public bool IsLegacy => _saved.Used.Any(name => name != Nft && IptablesOf(FamilyOf(name))?.IsLegacy == true);

    /// <summary>Makes the firewall as wanted.</summary>
    /// <exception cref="FirewallException">A program refused.</exception>
    public FirewallOutcome Apply(RuleSet rules)
    {
        _wantsNft = rules.EnableNFTables;
        if (rules.IsEmpty && _saved.Used.Length == 0)
            return new(false, null, "", false);
        if (UsesNft is not { } isNft)
            return new(false, null, rules.IsEmpty ? "" : _wantsNft switch
            {
                true => "the network's EnableNFTables asks for nftables, and there is no nft here",
                false => "the network's EnableNFTables asks for iptables, and there is no iptables here",
                null => "there is neither nft nor iptables here",
            }, false);
        var chains = _nft?.Chains() ?? [];
        Look(chains);
        var outcome = isNft ? ApplyNft(rules, chains) : ApplyIptables(rules, chains);
        KillPoint.Pass(KillPoint.Ruled);
        return outcome;
    }

    /// <summary>Removes what the original left behind for these networks, when ours stand.</summary>
    /// <returns>Whether there was any.</returns>
    public bool TakeOver(RuleSet rules)
    {
        var found = _nft?.RemoveOriginal([.. rules.Families]) ?? false;
        foreach (var family in rules.Families)
            found |= IptablesOf(family.Family)?.RemoveOriginal(family) ?? false;
        return found;
    }

    /// <summary>Removes all that is ours; the firewall is then as it was before.</summary>
    /// <returns>Whether there was anything.</returns>
    /// <exception cref="FirewallException">A program refused.</exception>
    public bool Remove()
    {
        var found = false;
        var chains = _nft?.Chains() ?? [];
        if (_nft is not null)
        {
            found |= _nft.Ensure(RuleSet.Nothing(_names), chains, out _);
            foreach (var family in RuleSet.AllFamilies.Where(family => HasForward(chains, family)))
                found |= _nft.EnsureForward(family, null);
        }
        // By name, too: what was saved may be lost.
        foreach (var family in RuleSet.AllFamilies)
            if (IptablesOf(family) is { } iptables)
                found |= iptables.Ensure(null, iptables.Read());
        if (_saved.Used.Any(name => name != Nft))
            _nft?.RemoveEmptyChains(_saved.Before);
        return found;
    }

    private FirewallOutcome ApplyNft(RuleSet rules, IReadOnlyList<NftChain> chains)
    {
        Use(Nft);
        var changed = _nft!.Ensure(rules, chains, out var dropped);
        // Our own accept does not overrule a drop elsewhere: it has to stand before it.
        foreach (var family in RuleSet.AllFamilies)
        {
            var wanted = rules.Of(family) is { Forward: true } some ? some with { Masquerade = null, Guard = null } : null;
            var (isUsed, exists) = (_saved.Used.Contains(NameOf(family)), HasForward(chains, family));
            if (IptablesOf(family) is not { } iptables)
            {
                if (exists)
                    changed |= _nft.EnsureForward(family, wanted);
            }
            else if (isUsed || wanted is not null && (exists || iptables.IsLegacy))
            {
                var present = iptables.Read();
                exists = iptables.IsLegacy ? present.HasTable("filter") : exists;
                if (exists && wanted is not null)
                    Use(NameOf(family));
                changed |= iptables.Ensure(exists ? wanted : null, present);
            }
        }
        return new(changed, dropped, "", rules.Families.Any(family => family.Guard is not null));
    }

    private FirewallOutcome ApplyIptables(RuleSet rules, IReadOnlyList<NftChain> chains)
    {
        var changed = _nft is not null && _saved.Used.Contains(Nft) && _nft.Ensure(RuleSet.Nothing(_names), chains, out _);
        var missing = "";
        foreach (var family in RuleSet.AllFamilies)
        {
            var wanted = rules.Of(family);
            if (wanted is null && !_saved.Used.Contains(NameOf(family)))
                continue;
            if (IptablesOf(family) is not { } iptables)
            {
                missing = $"there is no {NameOf(family)} here";
                continue;
            }
            Use(NameOf(family));
            changed |= Ensure(iptables, wanted);
        }
        var guards = rules.Families.Any(family => family.Guard is not null);
        return new(changed, null, missing.Length > 0 || !guards ? missing : _noGuard, guards && _noGuard.Length == 0);
    }

    private bool Ensure(Iptables iptables, FamilyRules? wanted)
    {
        if (wanted?.Guard is null)
            return iptables.Ensure(wanted, iptables.Read());
        if (_noGuard.Length == 0)
        {
            try
            {
                return iptables.Ensure(wanted, iptables.Read());
            }
            catch (FirewallException e) when (e.Message.Contains("u32", StringComparison.Ordinal))
            {
                // All of a table is one transaction: without this match the rest would not stand either.
                _noGuard = $"StrictPeers is not enforced: this host's iptables has no u32 match ({e.Message})";
            }
        }
        return iptables.Ensure(wanted with { Guard = null }, iptables.Read());
    }

    private void Use(string program)
    {
        if (_saved.Used.Contains(program))
            return;
        _saved = _saved with { Used = [.. _saved.Used, program] };
        _save(_saved);
    }

    /// <summary>Notes once which chains are there before iptables-nft makes its own with our rules.</summary>
    private void Look(IReadOnlyList<NftChain> chains)
    {
        if (!_looked && !_saved.Used.Any(name => name != Nft))
            _saved = _saved with { Before = [.. chains.Where(chain => chain.Family is "ip" or "ip6" && chain.Table is "nat" or "filter").Select(chain => $"{chain.Family} {chain.Table} {chain.Name}")] };
        _looked = true;
    }

    private Iptables? IptablesOf(AddressFamily family)
    {
        if (!_iptables.TryGetValue(family, out var iptables))
            _iptables[family] = iptables = Iptables.Find(family, _names);
        return iptables;
    }

    private static bool HasForward(IReadOnlyList<NftChain> chains, AddressFamily family)
        => chains.Any(chain => chain.Family == NftText.Word(family) && chain is { Table: "filter", Name: "FORWARD" });

    private static string NameOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "iptables" : "ip6tables";

    private static AddressFamily FamilyOf(string name) => name == "iptables" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
}
