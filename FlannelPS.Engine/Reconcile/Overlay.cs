using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Reconcile;

/// <summary>All that a plan is made from, except the peers.</summary>
/// <param name="Config">The network.</param>
/// <param name="Backend">How peers are reached.</param>
/// <param name="Node">This host.</param>
/// <param name="Own">Our subnet.</param>
/// <param name="Vteps">Our devices' link-layer addresses; null for a backend without devices.</param>
/// <param name="HostNetworks">What this host is connected to by other devices.</param>
public sealed record Overlay(
    NetworkConfig Config, IBackend Backend, NodeFacts Node, Subnet Own, VtepAddresses? Vteps, IReadOnlyList<System.Net.IPNetwork> HostNetworks)
{
    /// <summary>Whether the own subnet has a blackhole route (<c>ip-blackhole-route</c>).</summary>
    public bool Blackhole { get; init; }

    /// <summary>Chooses the peers of a table.</summary>
    public (IReadOnlyList<Lease> Peers, IReadOnlyList<RefusedPeer> Refused) Select(LeaseTable table)
        => PeerSelection.Select(table, new PeerRules(
            Config, Own, Node.PublicIpV6 is { } v6 ? [Node.PublicIp, v6] : [Node.PublicIp], HostNetworks, lease => Backend.RefusePeer(lease, Vteps), Backend.UniqueAmongPeers));

    /// <summary>Computes what should stand in the kernel for some peers.</summary>
    /// <param name="peers">Chosen ones.</param>
    /// <param name="devices">Interface indices of the backend's devices.</param>
    public KernelState Plan(IReadOnlyList<Lease> peers, IReadOnlyList<int> devices)
    {
        var wanted = new KernelState();
        if (devices.Count > 0)
            Backend.PlanNetwork(devices, wanted);
        if (Blackhole)
            foreach (var subnet in Own.IPv6 is { } v6 ? [Own.IPv4, v6] : new[] { Own.IPv4 })
                wanted.Blackholes[subnet] = new(subnet, null, 0, OnLink: false, 0, Netlink.Route.RTPROT_FLANNELPS, Priority: Netlink.Route.BlackholeMetric, Type: Netlink.Route.RTN_BLACKHOLE);
        foreach (var peer in peers)
            Backend.PlanPeer(peer, Node, devices, wanted);
        return wanted;
    }
}
