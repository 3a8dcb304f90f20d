using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Backends.Alloc;

/// <summary>Takes a lease and writes the subnet file; routes nothing. For hosts whose routing somebody else does.</summary>
public sealed class AllocBackend : IBackend
{
    private readonly bool _dual;

    /// <exception cref="NetworkConfigException">It has options, and takes none.</exception>
    public AllocBackend(NetworkConfig config)
    {
        _ = new BackendOptions(config);
        _dual = config.IPv6 is not null;
    }

    /// <inheritdoc/>
    public string Type => "alloc";

    /// <inheritdoc/>
    public string? RefuseNode(NodeFacts node) => null;

    /// <inheritdoc/>
    public IReadOnlyList<DesiredDevice> Devices(NodeFacts node) => [];

    /// <inheritdoc/>
    public int Mtu(NodeFacts node) => node.Mtu;

    /// <inheritdoc/>
    /// <remarks>No BackendType, as the original's.</remarks>
    public LeaseAttributes Attributes(NodeFacts node, VtepAddresses? vteps) => new(node.PublicIp, _dual ? node.PublicIpV6 : null, "", default, default);

    /// <inheritdoc/>
    public string? RefusePeer(Lease peer, VtepAddresses? vteps) => null;

    /// <inheritdoc/>
    public IEnumerable<object> UniqueAmongPeers(Lease peer) => [];

    /// <inheritdoc/>
    /// <remarks>What it does not route it does not judge.</remarks>
    public IPAddress? ProbeAddress(Lease peer) => null;

    /// <inheritdoc/>
    public void PlanPeer(Lease peer, NodeFacts node, IReadOnlyList<int> devices, KernelState into)
    {
    }
}
