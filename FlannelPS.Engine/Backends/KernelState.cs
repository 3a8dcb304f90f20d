using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends;

/// <summary>A tunnel device as it should be: a vxlan device, or a TUN device with a socket of ours behind it.</summary>
/// <param name="Name">Interface name.</param>
/// <param name="Vxlan">What makes a vxlan device; the port 0 means the kernel's default.</param>
/// <param name="Mtu">Bytes of an inner packet.</param>
public sealed record DesiredDevice(string Name, VxlanInfo? Vxlan, int Mtu)
{
    /// <summary>What is behind a TUN device; null for a vxlan device.</summary>
    public TunnelInfo? Tunnel { get; init; }
}

/// <summary>Our end of the UDP tunnel.</summary>
/// <param name="Local">IPv4 address the socket is bound to.</param>
/// <param name="Port">UDP port, ours and the peers'.</param>
public sealed record TunnelInfo(IPAddress Local, ushort Port);

/// <summary>What stands in the kernel for the peers, or should, by the kernel's own keys. Filled once, then only read.</summary>
public sealed class KernelState
{
    /// <summary>ARP and NDP entries.</summary>
    public Dictionary<(int Link, IPAddress Address), Neighbor> Neighbors { get; } = [];

    /// <summary>Forwarding entries of vxlan devices.</summary>
    public Dictionary<(int Link, MacAddress Address), FdbEntry> Fdb { get; } = [];

    /// <summary>Routes of the main table without a metric of their own.</summary>
    public Dictionary<IPNetwork, Route> Routes { get; } = [];

    /// <summary>Blackhole routes with <see cref="Route.BlackholeMetric"/>: what is for the own subnet and for no workload goes nowhere else.</summary>
    public Dictionary<IPNetwork, Route> Blackholes { get; } = [];

    /// <summary>Nexthop objects, by id.</summary>
    public Dictionary<uint, Nexthop> Nexthops { get; } = [];

    /// <summary>Which host a subnet is behind, for a tunnel whose packets we carry ourselves; no kernel object.</summary>
    public Dictionary<IPNetwork, IPAddress> Tunnels { get; } = [];

    /// <summary>How many kernel objects there are.</summary>
    public int Count => Neighbors.Count + Fdb.Count + Routes.Count + Blackholes.Count + Nexthops.Count;
}
