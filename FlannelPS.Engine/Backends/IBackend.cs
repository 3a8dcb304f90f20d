using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends;

/// <summary>Computes what the kernel should look like. Touches no socket: the reconcile loop acts.</summary>
public interface IBackend
{
    /// <summary>The name in the configuration.</summary>
    string Type { get; }

    /// <summary>Whether hosts reach each other over IPv6 too in a dual-stack network, and so need an IPv6 address.</summary>
    bool NeedsIPv6Underlay => true;

    /// <summary>Why this host cannot take part; null when it can.</summary>
    string? RefuseNode(NodeFacts node);

    /// <summary>The tunnel devices it needs, IPv4 first; none for some. Their link-layer addresses are filled in by whoever finds or makes them.</summary>
    IReadOnlyList<DesiredDevice> Devices(NodeFacts node);

    /// <summary>What goes into <c>FLANNEL_MTU</c>, bytes.</summary>
    int Mtu(NodeFacts node);

    /// <summary>What our lease says.</summary>
    LeaseAttributes Attributes(NodeFacts node, VtepAddresses? vteps);

    /// <summary>Why a peer's lease is not usable here; null when it is.</summary>
    string? RefusePeer(Lease peer, VtepAddresses? vteps);

    /// <summary>What no two hosts can share, such as a tunnel end's MAC.</summary>
    IEnumerable<object> UniqueAmongPeers(Lease peer);

    /// <summary>The address of a peer that answers an echo request by the way that workloads' packets take: the tunnel end's, which is the first of its subnet. Null for none.</summary>
    IPAddress? ProbeAddress(Lease peer) => peer.Subnet.IPv4.BaseAddress;

    /// <summary>Our address that such a request comes from.</summary>
    /// <param name="own">Our subnet.</param>
    /// <param name="node">This host.</param>
    IPAddress ProbeSource(Subnet own, NodeFacts node) => own.IPv4.BaseAddress;

    /// <summary>Adds what the network as a whole needs, whoever takes part.</summary>
    /// <param name="devices">Interface indices of <see cref="Devices"/>, in that order.</param>
    /// <param name="into">Takes the objects.</param>
    void PlanNetwork(IReadOnlyList<int> devices, KernelState into)
    {
    }

    /// <summary>Adds what one peer needs.</summary>
    /// <param name="peer">A lease that was not refused.</param>
    /// <param name="node">This host.</param>
    /// <param name="devices">Interface indices of <see cref="Devices"/>, in that order.</param>
    /// <param name="into">Takes the objects.</param>
    void PlanPeer(Lease peer, NodeFacts node, IReadOnlyList<int> devices, KernelState into);
}
