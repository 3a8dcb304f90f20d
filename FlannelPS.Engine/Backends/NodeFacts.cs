using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends;

/// <summary>What a backend has to know of its host.</summary>
/// <param name="LinkIndex">The interface that inter-host traffic takes.</param>
/// <param name="LinkName">Its name.</param>
/// <param name="Mtu">Its MTU, bytes.</param>
/// <param name="Address">Its IPv4 address.</param>
/// <param name="AddressV6">Its IPv6 address; null in an IPv4 network.</param>
/// <param name="PublicIp">What is advertised: the address, or another one behind a NAT.</param>
/// <param name="PublicIpV6">The same for IPv6.</param>
/// <param name="Connected">Networks that are reached without a gateway, and by which interface.</param>
public sealed record NodeFacts(
    int LinkIndex, string LinkName, int Mtu, IPAddress Address, IPAddress? AddressV6, IPAddress PublicIp, IPAddress? PublicIpV6,
    IReadOnlyList<ConnectedNetwork> Connected)
{
    /// <summary>The interface by which an address is reached without a gateway, the longest prefix counting; 0 when it is behind one.</summary>
    public int OnLinkBy(IPAddress address)
    {
        var best = default(ConnectedNetwork);
        foreach (var route in Connected)
            if (route.Network.BaseAddress.AddressFamily == address.AddressFamily && route.Network.Contains(address)
                && (best.LinkIndex == 0 && !best.HasGateway || route.Network.PrefixLength > best.Network.PrefixLength))
                best = route;
        return best.HasGateway ? 0 : best.LinkIndex;
    }

    /// <summary>Whether two readings say the same.</summary>
    public bool IsSame(NodeFacts other)
        => this with { Connected = [] } == other with { Connected = [] } && Connected.SequenceEqual(other.Connected);
}

/// <summary>A route of the host's own, as far as it tells what is on the link.</summary>
/// <param name="Network">Its destination.</param>
/// <param name="LinkIndex">Its interface.</param>
/// <param name="HasGateway">Whether a gateway stands between.</param>
public readonly record struct ConnectedNetwork(IPNetwork Network, int LinkIndex, bool HasGateway);

/// <summary>The link-layer addresses of this node's tunnel devices.</summary>
/// <param name="V4">Of the IPv4 device.</param>
/// <param name="V6">Of the IPv6 device; null in an IPv4 network.</param>
public sealed record VtepAddresses(MacAddress V4, MacAddress? V6);
