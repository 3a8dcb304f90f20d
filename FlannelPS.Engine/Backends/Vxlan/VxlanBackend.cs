using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends.Vxlan;

/// <summary>One vxlan device a family; for each peer a neighbour, a forwarding entry and a route over it.</summary>
/// <remarks>Section 5.1 of the behaviour reference; RFC 7348.</remarks>
public sealed class VxlanBackend : IBackend
{
    /// <summary>Outer IPv4, UDP, vxlan and inner Ethernet headers, bytes.</summary>
    private const int OverheadV4 = 50;

    /// <summary>The same over IPv6 .</summary>
    private const int OverheadV6 = 70;

    /// <summary>What the kernel takes without IFLA_VXLAN_PORT.</summary>
    internal const ushort KernelPort = 8472;

    private readonly bool _dual;
    private readonly uint _vni;
    private readonly ushort _port;
    private readonly int _mtu;
    private readonly bool _gbp;
    private readonly bool _learning;
    private readonly bool _directRouting;

    /// <exception cref="NetworkConfigException">An option is unknown or out of its range.</exception>
    public VxlanBackend(NetworkConfig config)
    {
        var options = new BackendOptions(config, "VNI", "Port", "MTU", "GBP", "Learning", "DirectRouting");
        _dual = config.IPv6 is not null;
        _vni = options.Number("VNI", 1, 1, (1 << 24) - 1);
        _port = (ushort)options.Number("Port", 0, 1, ushort.MaxValue);
        // An inner packet of 68 bytes is the least IPv4 allows (RFC 791), one of 1280 the least IPv6 does (RFC 8200).
        _mtu = (int)options.Number("MTU", 0, _dual ? 1280u + OverheadV6 : 68u + OverheadV4, ushort.MaxValue);
        _gbp = options.Flag("GBP");
        _learning = options.Flag("Learning");
        _directRouting = options.Flag("DirectRouting");
    }

    /// <inheritdoc/>
    public string Type => "vxlan";

    /// <inheritdoc/>
    public string? RefuseNode(NodeFacts node)
        => DeviceMtu(node, OverheadV4) < 68 || _dual && DeviceMtu(node, OverheadV6) < 1280
            ? $"the MTU of {node.LinkName}, {node.Mtu}, leaves no room for vxlan's headers"
            : null;

    /// <inheritdoc/>
    /// <remarks>The source address is the interface's, not the advertised one, which need not be local (Q-7, L11).</remarks>
    public IReadOnlyList<DesiredDevice> Devices(NodeFacts node)
    {
        var v4 = new DesiredDevice($"flannel.{_vni}", Info(node, node.Address), DeviceMtu(node, OverheadV4));
        return _dual ? [v4, new($"flannel-v6.{_vni}", Info(node, node.AddressV6!), DeviceMtu(node, OverheadV6))] : [v4];
    }

    /// <inheritdoc/>
    public int Mtu(NodeFacts node) => DeviceMtu(node, _dual ? OverheadV6 : OverheadV4);

    /// <inheritdoc/>
    public LeaseAttributes Attributes(NodeFacts node, VtepAddresses? vteps)
        => new(node.PublicIp, _dual ? node.PublicIpV6 : null, Type,
            new VtepData(_vni, vteps!.V4).Write(), _dual ? new VtepData(_vni, vteps.V6!.Value).Write() : default);

    /// <inheritdoc/>
    public string? RefusePeer(Lease peer, VtepAddresses? vteps)
    {
        if (peer.Attributes.BackendType != Type)
            return $"its backend is '{peer.Attributes.BackendType}', ours is {Type}";
        return RefuseVtep(peer.Attributes.BackendData, "BackendData", vteps!.V4)
            ?? (HasV6(peer) ? RefuseVtep(peer.Attributes.BackendV6Data, "BackendV6Data", vteps.V6!.Value) : null);
    }

    /// <inheritdoc/>
    /// <remarks>A MAC per device: the same one on the IPv4 and on the IPv6 device does no harm.</remarks>
    public IEnumerable<object> UniqueAmongPeers(Lease peer)
    {
        if (VtepData.Read(peer.Attributes.BackendData, "", out _) is { } v4)
            yield return v4.Address;
        if (HasV6(peer) && VtepData.Read(peer.Attributes.BackendV6Data, "", out _) is { } v6)
            yield return $"{v6.Address} (IPv6)";
    }

    /// <inheritdoc/>
    public void PlanPeer(Lease peer, NodeFacts node, IReadOnlyList<int> devices, KernelState into)
    {
        Plan(peer.Subnet.IPv4, peer.Attributes.PublicIp, VtepData.Read(peer.Attributes.BackendData, "", out _)!.Value.Address, node, devices[0], into);
        if (HasV6(peer))
            Plan(peer.Subnet.IPv6!.Value, peer.Attributes.PublicIpV6!, VtepData.Read(peer.Attributes.BackendV6Data, "", out _)!.Value.Address, node, devices[1], into);
    }

    private void Plan(IPNetwork subnet, IPAddress host, MacAddress vtep, NodeFacts node, int device, KernelState into)
    {
        if (_directRouting && node.OnLinkBy(host) is var link and not 0)
        {
            into.Routes[subnet] = new(subnet, host, link, OnLink: false, 0, Route.RTPROT_FLANNELPS);
            return;
        }
        var gateway = subnet.BaseAddress;
        into.Neighbors[(device, gateway)] = new(device, gateway, vtep);
        into.Fdb[(device, vtep)] = new(device, vtep, host);
        into.Routes[subnet] = new(subnet, gateway, device, OnLink: true, 0, Route.RTPROT_FLANNELPS);
    }

    // A dual-stack peer in an IPv4 network has a half that is no business of ours.
    private bool HasV6(Lease peer) => _dual && peer.Subnet.IPv6 is not null && peer.Attributes.PublicIpV6 is not null;

    private string? RefuseVtep(ReadOnlyMemory<byte> json, string field, MacAddress own)
    {
        if (VtepData.Read(json, field, out var reason) is not { } vtep)
            return reason;
        if (vtep.Vni != _vni)
            return $"its VNI is {vtep.Vni}, ours is {_vni}";
        return vtep.Address == own ? $"its VtepMAC {own} is our own" : null;
    }

    private VxlanInfo Info(NodeFacts node, IPAddress local) => new(_vni, node.LinkIndex, local, null, _port, _learning, _gbp);

    private int DeviceMtu(NodeFacts node, int overhead) => (_mtu > 0 ? _mtu : node.Mtu) - overhead;
}
