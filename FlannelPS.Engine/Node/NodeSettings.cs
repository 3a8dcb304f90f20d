using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Node;

/// <summary>What an operator said about a node, apart from its store.</summary>
/// <param name="Prefix">The network's place in the store.</param>
/// <param name="Interface">What was said about the interface.</param>
/// <param name="SubnetFile">Full path of <c>subnet.env</c>.</param>
/// <param name="Lease">How leases are taken and kept.</param>
/// <param name="Firewall">What is wanted of the firewall. Its masquerade is what <c>FLANNEL_IPMASQ</c> says.</param>
/// <param name="Version">The program's version, for other nodes to read.</param>
public sealed record NodeSettings(
    string Prefix, InterfaceOptions Interface, string SubnetFile, LeaseSettings Lease, FirewallSettings Firewall, string Version)
{
    /// <summary>Whether the own subnet has a blackhole route.</summary>
    public bool BlackholeRoute { get; init; }

    /// <summary>Whether the network may overlap the host's own addresses and routes.</summary>
    public bool AllowOverlap { get; init; }

    /// <summary>Whether peers are probed.</summary>
    public bool Probe { get; init; } = true;

    /// <summary>Whether tunnel devices leave transmit checksums to the hardware below; null leaves that as the kernel has it.</summary>
    public bool? TxChecksumOffload { get; init; }
}

/// <summary>What an operator wants of the host's firewall.</summary>
/// <param name="Instance">The instance's name, which ours are called after.</param>
/// <param name="Masquerade">Whether traffic that leaves the network is masqueraded.</param>
/// <param name="FullyRandom">Whether with random ports.</param>
/// <param name="ForwardRules">Whether forwarded traffic of the network is accepted.</param>
/// <param name="NoMasquerade">Networks with which addresses are kept.</param>
/// <param name="StrictPeers">Whether the tunnel takes packets from peers alone.</param>
/// <param name="Resync">How often to look without any reason.</param>
public sealed record FirewallSettings(
    string Instance, bool Masquerade, bool FullyRandom, bool ForwardRules, IReadOnlyList<System.Net.IPNetwork> NoMasquerade, bool StrictPeers, TimeSpan Resync);
