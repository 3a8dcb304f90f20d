using System.Net;

namespace FlannelPS.Checks;

/// <summary>What checks judge by. Each part is read once, when the first check asks for it; one that cannot be read throws <see cref="FactsMissingException"/> every time.</summary>
internal sealed class CheckFacts
{
    private readonly Lazy<HostFacts> _host;
    private readonly Lazy<StoreFacts> _store;
    private readonly Lazy<NodeAnswers> _node;
    private readonly Lazy<FirewallFacts> _firewall;
    private readonly Lazy<IReadOnlyList<FlannelService>> _services;
    private readonly Lazy<NodeCounters> _counters;

    /// <summary>Parts that are read when they are asked for; one that is left out is missing, with the reason given.</summary>
    public CheckFacts(
        Func<HostFacts>? host = null, Func<StoreFacts>? store = null, Func<NodeAnswers>? node = null, Func<FirewallFacts>? firewall = null, Func<IReadOnlyList<FlannelService>>? services = null,
        Func<NodeCounters>? counters = null, string missing = "It was not read.")
    {
        _host = new(host ?? (() => throw new FactsMissingException(missing)));
        _store = new(store ?? (() => throw new FactsMissingException(missing)));
        _node = new(node ?? (() => throw new FactsMissingException(missing)));
        _firewall = new(firewall ?? (() => throw new FactsMissingException(missing)));
        _services = new(services ?? (() => throw new FactsMissingException(missing)));
        _counters = new(counters ?? (() => throw new FactsMissingException(missing)));
    }

    /// <summary>What the check run is about.</summary>
    public FlannelCheckScope Scope { get; init; } = FlannelCheckScope.Host;

    /// <summary>The node that is meant.</summary>
    public string NodeName { get; init; } = "flannel";

    /// <summary>The subnet file that is meant.</summary>
    public string SubnetFile { get; init; } = "";

    /// <summary>What was found on the way to other hosts; null where it was not tried.</summary>
    public IReadOnlyList<FlannelConnectivityResult>? Connectivity { get; init; }

    /// <summary>The kernel's state.</summary>
    public HostFacts Host => _host.Value;

    /// <summary>What the store says.</summary>
    public StoreFacts Store => _store.Value;

    /// <summary>What the node says of itself.</summary>
    public NodeAnswers Node => _node.Value;

    /// <summary>The rules that packets meet.</summary>
    public FirewallFacts Firewall => _firewall.Value;

    /// <summary>The nodes that are services of systemd.</summary>
    public IReadOnlyList<FlannelService> Services => _services.Value;

    /// <summary>What the node counts, read twice.</summary>
    public NodeCounters Counters => _counters.Value;

    /// <summary>What is known of the network: from the node that runs, else from the store's configuration.</summary>
    public NetworkFacts Network
        => Scope == FlannelCheckScope.Node ? Node.Network ?? throw new FactsMissingException("The node has no lease yet.")
            : Store.Network ?? throw new FactsMissingException("There is no usable network configuration to look by.");

    /// <summary>The UDP port of the network's tunnel; 0 where its backend has none.</summary>
    public int TunnelPort
        => Network is var network && network.Port > 0 ? network.Port
            : Host.Links.FirstOrDefault(link => network.Devices.Contains(link.Name))?.Vxlan?.Port ?? 0;
}

/// <summary>The network that is checked for.</summary>
/// <param name="Network">All of it.</param>
/// <param name="IPv6Network">All of its IPv6 half; null for none.</param>
/// <param name="Subnet">This host's own subnet; null where it has none yet.</param>
/// <param name="Backend">Such as vxlan.</param>
/// <param name="Port">The UDP port of the tunnel; 0 for a backend without one.</param>
/// <param name="Devices">Names of this host's tunnel devices.</param>
/// <param name="Interface">The interface towards other hosts; empty where it is not known.</param>
internal sealed record NetworkFacts(
    IPNetwork Network, IPNetwork? IPv6Network, IPNetwork? Subnet, string Backend, int Port, IReadOnlyList<string> Devices, string Interface)
{
    /// <summary>This host's own IPv6 subnet; null where it has none.</summary>
    public IPNetwork? IPv6Subnet { get; init; }

    /// <summary>The prefix length of a host's subnet, bits.</summary>
    public int SubnetLength { get; init; }

    /// <summary>The same of IPv6; null where the network has none.</summary>
    public int? IPv6SubnetLength { get; init; }

    /// <summary>Both halves, each with the length of its subnets.</summary>
    public IReadOnlyList<(IPNetwork Network, int SubnetLength)> Ranges => IPv6Network is { } v6 ? [(Network, SubnetLength), (v6, IPv6SubnetLength ?? 64)] : [(Network, SubnetLength)];
}
