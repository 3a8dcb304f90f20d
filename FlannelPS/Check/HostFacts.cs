using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>The state of a host's kernel and files, read at one time.</summary>
internal sealed record HostFacts
{
    /// <summary>Whether the reader may change the network.</summary>
    public bool CanChangeNetwork { get; init; }

    /// <summary>All devices.</summary>
    public IReadOnlyList<Link> Links { get; init; } = [];

    /// <summary>All addresses.</summary>
    public IReadOnlyList<InterfaceAddress> Addresses { get; init; } = [];

    /// <summary>The routes of the main table, both families.</summary>
    public IReadOnlyList<Route> Routes { get; init; } = [];

    /// <summary>Kernel settings by their path under /proc/sys; null for one that the kernel has not.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Whether the kernel has vxlan; null where that cannot be told.</summary>
    public bool? HasVxlan { get; init; }

    /// <summary>By what that is known, or why it is not.</summary>
    public string VxlanEvidence { get; init; } = "";

    /// <summary>Why /dev/net/tun cannot be used; empty where it can.</summary>
    public string TunProblem { get; init; } = "";

    /// <summary>The UDP sockets there are.</summary>
    public IReadOnlyList<UdpUser> UdpUsers { get; init; } = [];

    /// <summary>Processes named flanneld in this network namespace.</summary>
    public IReadOnlyList<int> Originals { get; init; } = [];

    /// <summary>The nodes that run on this host.</summary>
    public IReadOnlyList<DaemonFacts> Daemons { get; init; } = [];

    /// <summary>The programs for firewall rules that are there: nft, iptables.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Which interface would be taken for the traffic to other hosts.</summary>
    public InterfaceSelection? Selection { get; init; }

    /// <summary>What a backend would know of this host with that interface.</summary>
    public Engine.Backends.NodeFacts? Chosen { get; init; }

    /// <summary>The places where a node writes.</summary>
    public IReadOnlyList<PlaceFacts> Places { get; init; } = [];

    /// <summary>The network namespace, as the kernel calls it.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>UDP datagrams with a wrong checksum since boot, and how many more there were a moment later.</summary>
    public ChecksumFacts Checksums { get; init; } = new(0, 0);

    /// <summary>Devices, addresses and routes, as the engine judges them.</summary>
    public HostObjects Objects => new(Links, Addresses, Routes);
}

/// <summary>A UDP socket.</summary>
/// <param name="Port">The local port.</param>
/// <param name="Process">Who holds it; 0 for the kernel, or somebody who cannot be seen.</param>
/// <param name="Name">The program's name.</param>
internal sealed record UdpUser(int Port, int Process, string Name);

/// <summary>A node that runs on this host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Process">Its process.</param>
/// <param name="Namespace">Its network namespace.</param>
/// <param name="SubnetFile">The file it writes.</param>
/// <param name="Prefix">Its network in the store.</param>
/// <param name="Devices">Its devices.</param>
internal sealed record DaemonFacts(string Name, int Process, string Namespace, string SubnetFile, string Prefix, IReadOnlyList<string> Devices)
{
    /// <summary>Its network's addresses; null before it has any.</summary>
    public System.Net.IPNetwork? Network { get; init; }
}

/// <summary>A place where a node writes.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Problem">Why it cannot be written to, or not safely; empty for nothing.</param>
/// <param name="FreeBytes">Free space there; null where it is not known.</param>
internal sealed record PlaceFacts(string Path, string Problem, long? FreeBytes);

/// <summary>UDP datagrams that the kernel dropped for their checksum.</summary>
/// <param name="Errors">Udp InCsumErrors of /proc/net/snmp.</param>
/// <param name="Growth">How many came while it was looked.</param>
internal sealed record ChecksumFacts(long Errors, long Growth);
