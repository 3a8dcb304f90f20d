using System.Text.Json;

namespace FlannelPS.Engine.Leases;

/// <summary>The network's configuration, as the operator put it at <c>&lt;prefix&gt;/config</c>, checked and completed.</summary>
/// <param name="IPv4">Where IPv4 subnets are given from.</param>
/// <param name="IPv6">Where IPv6 subnets are given from; null in an IPv4 network.</param>
/// <param name="EnableNFTables">Whether nftables is asked for (true), iptables (false), or neither is said (null).</param>
/// <param name="BackendType">Lower case; <c>udp</c> when no backend is named, as in the original.</param>
/// <param name="Backend">The backend's options; an undefined element when no backend is named.</param>
/// <param name="Revision">Store revision of the configuration.</param>
public sealed record NetworkConfig(SubnetRange IPv4, SubnetRange? IPv6, bool? EnableNFTables, string BackendType, JsonElement Backend, long Revision)
{
    /// <summary>Whether a claim covers a whole network of ours.</summary>
    public bool IsInside(Subnet claim)
        => AddressNumber.Contains(claim.IPv4, IPv4.Network) || IPv6 is { } range && claim.IPv6 is { } v6 && AddressNumber.Contains(v6, range.Network);

    /// <summary>Whether a subnet could have been given under this configuration, in every family.</summary>
    public bool Holds(Subnet subnet)
        => IPv4.Holds(subnet.IPv4) && (IPv6 is null ? subnet.IPv6 is null : subnet.IPv6 is { } v6 && IPv6.Holds(v6));
}

/// <summary>The configuration is not usable. The message is the reason alone.</summary>
/// <param name="reason">One line.</param>
/// <param name="inner">What was caught.</param>
public sealed class NetworkConfigException(string reason, Exception? inner = null) : Exception(reason, inner);
