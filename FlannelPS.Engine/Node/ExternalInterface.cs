using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>The interface that carries traffic to other hosts, with the addresses used on it and those told to them.</summary>
/// <param name="Link">The device.</param>
/// <param name="Address">Its own IPv4 address: what tunnels bind to and send from, also where <paramref name="PublicIp"/> lies behind NAT.</param>
/// <param name="AddressV6">Its own IPv6 address; null on an IPv4 network.</param>
/// <param name="PublicIp">The IPv4 address in the lease: <c>public-ip</c>, else <paramref name="Address"/>.</param>
/// <param name="PublicIpV6">The IPv6 address in the lease; null on an IPv4 network.</param>
/// <param name="Mtu">The device's MTU, bytes.</param>
public sealed record ExternalInterface(Link Link, IPAddress? Address, IPAddress? AddressV6, IPAddress? PublicIp, IPAddress? PublicIpV6, int Mtu);

/// <summary>What an operator said about the interface; all of it optional.</summary>
/// <param name="Interfaces"><c>iface</c>: names or addresses, in order.</param>
/// <param name="Patterns"><c>iface-regex</c>: matched anywhere in addresses first, then in names.</param>
/// <param name="CanReach"><c>iface-can-reach</c>: a destination.</param>
/// <param name="PublicIp"><c>public-ip</c>, an IPv4 address.</param>
/// <param name="PublicIpV6"><c>public-ipv6</c>, an IPv6 address.</param>
public sealed record InterfaceOptions(
    IReadOnlyList<string> Interfaces, IReadOnlyList<string> Patterns, IPAddress? CanReach = null, IPAddress? PublicIp = null, IPAddress? PublicIpV6 = null)
{
    /// <summary>Nothing said: the default route decides.</summary>
    public static InterfaceOptions None { get; } = new([], []);
}

/// <summary>What the kernel says about this host's interfaces, read at one time.</summary>
/// <param name="Links">All devices, in the kernel's order.</param>
/// <param name="Addresses">All addresses, in the kernel's order.</param>
/// <param name="Routes">Routes of the main table, both families; only default routes are looked at.</param>
/// <param name="Lookup">Asks the kernel how it would reach an address, as <c>ip route get</c> does.</param>
public sealed record InterfaceFacts(
    IReadOnlyList<Link> Links, IReadOnlyList<InterfaceAddress> Addresses, IReadOnlyList<Route> Routes, Func<IPAddress, RouteToward?> Lookup);

/// <summary>The kernel's answer to how an address is reached.</summary>
/// <param name="LinkIndex">The device it goes out by.</param>
/// <param name="Source">The source address it would have; null where the kernel names none.</param>
public readonly record struct RouteToward(int LinkIndex, IPAddress? Source);

/// <summary>The chosen interface, or why there is none.</summary>
/// <param name="Interface">The choice; null when every candidate was rejected.</param>
/// <param name="Rejected">Each rejected candidate with its reason, in the order tried.</param>
/// <param name="Warnings">What is odd about the choice, and what to do.</param>
public sealed record InterfaceSelection(ExternalInterface? Interface, IReadOnlyList<string> Rejected, IReadOnlyList<string> Warnings)
{
    /// <summary>One line that names what was tried, why it did not do, and what to do.</summary>
    public string Failure =>
        $"No interface for traffic to other hosts: {string.Join("; ", Rejected)}. Name one with --iface (a name or an address), or give the host a default route.";
}
