using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends.Udp;

/// <summary>A TUN device and a UDP socket: each packet for the network travels as the payload of a datagram, and no kernel module is needed.</summary>
/// <remarks>
/// Section 5.4 of the behaviour reference. Neither the port nor the backend's type stands in the lease (R7): all nodes have to agree. In a dual-stack network
/// IPv6 packets go the same way, over IPv4 between the hosts, to those peers whose lease says that they take them (<see cref="InnerIPv6"/>).
/// </remarks>
public sealed class UdpBackend : IBackend
{
    /// <summary>Outer IPv4 and UDP headers, bytes.</summary>
    private const int Overhead = 28;

    private const int LeastMtu = 68, LeastMtuV6 = 1280;
    private const ushort DefaultPort = 8285;
    private readonly NetworkConfig _config;
    private readonly ushort _port;

    /// <exception cref="NetworkConfigException">An option is unknown or out of its range.</exception>
    public UdpBackend(NetworkConfig config)
    {
        _config = config;
        _port = (ushort)new BackendOptions(config, "Port").Number("Port", DefaultPort, 1, ushort.MaxValue);
    }

    /// <inheritdoc/>
    public string Type => "udp";

    /// <inheritdoc/>
    public bool NeedsIPv6Underlay => false;

    /// <inheritdoc/>
    public string? RefuseNode(NodeFacts node)
        => Mtu(node) < LeastMtu ? $"the MTU of {node.LinkName}, {node.Mtu}, leaves no room for the headers of udp"
            : _config.IPv6 is not null && Mtu(node) < LeastMtuV6 ? $"the MTU of {node.LinkName}, {node.Mtu}, is too small for IPv6 inside udp: {LeastMtuV6 + Overhead} at least"
            : null;

    /// <inheritdoc/>
    /// <remarks>The original takes the first free name. Ours is the same at each start, so that the device is found again; a second network needs another port anyway.</remarks>
    public IReadOnlyList<DesiredDevice> Devices(NodeFacts node)
        => [new(_port == DefaultPort ? "flannel0" : $"flannel-{_port}", null, Mtu(node)) { Tunnel = new(node.Address, _port) }];

    /// <inheritdoc/>
    public int Mtu(NodeFacts node) => node.Mtu - Overhead;

    /// <inheritdoc/>
    public LeaseAttributes Attributes(NodeFacts node, VtepAddresses? vteps) => new(node.PublicIp, null, "", default, _config.IPv6 is null ? default : InnerIPv6.Write());

    /// <inheritdoc/>
    /// <remarks>The original looks at no type either.</remarks>
    public string? RefusePeer(Lease peer, VtepAddresses? vteps) => null;

    /// <inheritdoc/>
    public IEnumerable<object> UniqueAmongPeers(Lease peer) => [];

    /// <inheritdoc/>
    public void PlanNetwork(IReadOnlyList<int> devices, KernelState into)
    {
        into.Routes[_config.IPv4.Network] = new(_config.IPv4.Network, null, devices[0], OnLink: false, 0, Route.RTPROT_FLANNELPS);
        if (_config.IPv6 is { } v6)
            into.Routes[v6.Network] = new(v6.Network, null, devices[0], OnLink: false, 0, Route.RTPROT_FLANNELPS);
    }

    /// <inheritdoc/>
    public void PlanPeer(Lease peer, NodeFacts node, IReadOnlyList<int> devices, KernelState into)
    {
        into.Tunnels[peer.Subnet.IPv4] = peer.Attributes.PublicIp;
        if (_config.IPv6 is not null && peer.Subnet.IPv6 is { } v6 && InnerIPv6.IsSaidBy(peer.Attributes.BackendV6Data))
            into.Tunnels[v6] = peer.Attributes.PublicIp;
    }
}
