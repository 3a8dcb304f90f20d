using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends.HostGw;

/// <summary>Routes to each peer's subnet by the peer's own address: no tunnel, so all hosts must share a link.</summary>
/// <remarks>Section 5.2 of the behaviour reference.</remarks>
public sealed class HostGwBackend : IBackend
{
    private readonly bool _dual;

    /// <exception cref="NetworkConfigException">It has options, and takes none.</exception>
    public HostGwBackend(NetworkConfig config)
    {
        _ = new BackendOptions(config);
        _dual = config.IPv6 is not null;
    }

    /// <inheritdoc/>
    public string Type => "host-gw";

    /// <inheritdoc/>
    public string? RefuseNode(NodeFacts node)
        => node.PublicIp.Equals(node.Address) && (!_dual || Equals(node.PublicIpV6, node.AddressV6))
            ? null
            : $"host-gw needs the peers on the same link, so the public IP must be the interface's own: {node.LinkName} has {node.Address}, and {node.PublicIp} is advertised. Leave --public-ip out, or use vxlan";

    /// <inheritdoc/>
    public IReadOnlyList<DesiredDevice> Devices(NodeFacts node) => [];

    /// <inheritdoc/>
    public int Mtu(NodeFacts node) => node.Mtu;

    /// <inheritdoc/>
    public LeaseAttributes Attributes(NodeFacts node, VtepAddresses? vteps) => new(node.PublicIp, _dual ? node.PublicIpV6 : null, Type, default, default);

    /// <inheritdoc/>
    public string? RefusePeer(Lease peer, VtepAddresses? vteps)
        => peer.Attributes.BackendType == Type ? null : $"its backend is '{peer.Attributes.BackendType}', ours is {Type}";

    /// <inheritdoc/>
    public IEnumerable<object> UniqueAmongPeers(Lease peer) => [];

    /// <inheritdoc/>
    /// <remarks>There is no tunnel end; the host itself is the gateway.</remarks>
    public IPAddress? ProbeAddress(Lease peer) => peer.Attributes.PublicIp;

    /// <inheritdoc/>
    public IPAddress ProbeSource(Subnet own, NodeFacts node) => node.Address;

    /// <inheritdoc/>
    public void PlanPeer(Lease peer, NodeFacts node, IReadOnlyList<int> devices, KernelState into)
    {
        into.Routes[peer.Subnet.IPv4] = new(peer.Subnet.IPv4, peer.Attributes.PublicIp, node.LinkIndex, OnLink: false, 0, Route.RTPROT_FLANNELPS);
        if (_dual && peer.Subnet.IPv6 is { } v6 && peer.Attributes.PublicIpV6 is { } gateway)
            into.Routes[v6] = new(v6, gateway, node.LinkIndex, OnLink: false, 0, Route.RTPROT_FLANNELPS);
    }
}
