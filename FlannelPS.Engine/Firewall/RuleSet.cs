using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.Firewall;

/// <summary>What this instance wants of the host's firewall: a value, the same for nftables and iptables.</summary>
/// <param name="Names">What its objects are called.</param>
/// <param name="Families">IPv4, and IPv6 where the network has it. Families that want nothing may be left out.</param>
/// <param name="EnableNFTables">What the configuration says: true for nftables, false for iptables, null for what is there.</param>
internal sealed record RuleSet(FirewallNames Names, IReadOnlyList<FamilyRules> Families, bool? EnableNFTables = null)
{
    /// <summary>Nothing at all: what is applied to take everything away.</summary>
    public static RuleSet Nothing(FirewallNames names) => new(names, []);

    /// <summary>Both address families, in the order in which they are handled.</summary>
    public static IReadOnlyList<AddressFamily> AllFamilies { get; } = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    /// <summary>The rules of a family; null where it wants none.</summary>
    public FamilyRules? Of(AddressFamily family) => Families.FirstOrDefault(rules => rules.Family == family && !rules.IsEmpty);

    /// <summary>Whether anything is wanted.</summary>
    public bool IsEmpty => Families.All(rules => rules.IsEmpty);
}

/// <summary>The rules of one address family.</summary>
/// <param name="Network">The overlay's network.</param>
/// <param name="Subnet">This host's subnet in it.</param>
/// <param name="Masquerade">How traffic that leaves the network is masqueraded; null for not at all.</param>
/// <param name="Forward">Whether forwarded traffic of the network is accepted.</param>
/// <param name="Guard">Who may speak to the tunnel; null for everybody.</param>
internal sealed record FamilyRules(IPNetwork Network, IPNetwork Subnet, MasqueradeRules? Masquerade, bool Forward, PeerGuard? Guard)
{
    /// <summary>kube-proxy's mark: it masquerades such packets itself.</summary>
    public const uint MasqueradeMark = 0x4000;

    /// <summary>The family.</summary>
    public AddressFamily Family => Network.BaseAddress.AddressFamily;

    /// <summary>Whether nothing is wanted.</summary>
    public bool IsEmpty => Masquerade is null && !Forward && Guard is null;

    /// <summary>The rules behind POSTROUTING, in order. The first that matches decides; <see cref="RuleAction.Return"/> leaves the packet to others.</summary>
    /// <remarks>Section 6.1 of the behaviour reference; nftables has the same .</remarks>
    public IEnumerable<Rule> PostRouting()
    {
        if (Masquerade is not { } masquerade)
            yield break;
        var action = masquerade.FullyRandom ? RuleAction.MasqueradeFullyRandom : RuleAction.Masquerade;
        yield return new(RuleAction.Return) { Marked = true };
        foreach (var except in masquerade.Except.Where(except => except.BaseAddress.AddressFamily == Family))
        {
            yield return new(RuleAction.Return) { Source = Network, Destination = except };
            yield return new(RuleAction.Return) { Source = except, Destination = Network };
        }
        yield return new(RuleAction.Return) { Source = Subnet, Destination = Network };
        yield return new(RuleAction.Return) { Source = Network, Destination = Subnet };
        yield return new(RuleAction.Return) { Source = Network, NotSource = true, Destination = Subnet };
        yield return new(action) { Source = Network, Destination = Multicast(Family), NotDestination = true };
        yield return new(action) { Source = Network, NotSource = true, Destination = Network };
    }

    /// <summary>The rules behind FORWARD.</summary>
    public IEnumerable<Rule> Forwarding()
        => !Forward ? [] : [new(RuleAction.Accept) { Source = Network }, new(RuleAction.Accept) { Destination = Network }];

    private static IPNetwork Multicast(AddressFamily family)
        => family == AddressFamily.InterNetwork ? new(IPAddress.Parse("224.0.0.0"), 4) : new(IPAddress.Parse("ff00::"), 8);
}

/// <summary>How to masquerade.</summary>
/// <param name="FullyRandom">Whether source ports are drawn at random, which avoids races between connections.</param>
/// <param name="Except">Networks with which addresses are kept, in both directions.</param>
internal sealed record MasqueradeRules(bool FullyRandom, IReadOnlyList<IPNetwork> Except);

/// <summary>Who may speak to our end of the tunnel.</summary>
/// <param name="Port">Its UDP port.</param>
/// <param name="Vni">Its VNI: packets of other VXLAN networks on the same port are none of our business.</param>
/// <param name="Peers">The only hosts that packets are taken from.</param>
internal sealed record PeerGuard(ushort Port, uint Vni, IReadOnlyCollection<IPAddress> Peers);

/// <summary>What a rule does with a packet.</summary>
internal enum RuleAction
{
    /// <summary>Nothing: others decide.</summary>
    Return,

    /// <summary>It passes.</summary>
    Accept,

    /// <summary>It gets the address of the interface it leaves by.</summary>
    Masquerade,

    /// <summary>The same with a random port.</summary>
    MasqueradeFullyRandom,
}

/// <summary>One rule, whoever renders it. What is null is not looked at.</summary>
internal sealed record Rule(RuleAction Action)
{
    /// <summary>Whether it is about packets with <see cref="FamilyRules.MasqueradeMark"/>, whatever other bits are set.</summary>
    public bool Marked { get; init; }

    /// <summary>Where packets come from.</summary>
    public IPNetwork? Source { get; init; }

    /// <summary>Whether it is about all but <see cref="Source"/>.</summary>
    public bool NotSource { get; init; }

    /// <summary>Where they go.</summary>
    public IPNetwork? Destination { get; init; }

    /// <summary>Whether it is about all but <see cref="Destination"/>.</summary>
    public bool NotDestination { get; init; }
}
