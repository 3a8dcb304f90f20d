using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.Leases;

/// <summary>Another node's lease that is not believed, and why.</summary>
/// <param name="Key">The store's key.</param>
/// <param name="Subnet">What it claims.</param>
/// <param name="PublicIp">Who claims it.</param>
/// <param name="Reason">One line.</param>
public sealed record RefusedPeer(string Key, Subnet Subnet, IPAddress PublicIp, string Reason);

/// <summary>What peers are judged by.</summary>
/// <param name="Config">The network.</param>
/// <param name="Own">Our own subnet.</param>
/// <param name="PublicIps">Our own public addresses.</param>
/// <param name="HostNetworks">What this host is connected to by devices that are not the overlay's.</param>
/// <param name="BackendRefuses">The backend's own checks; null when it has no objection.</param>
/// <param name="UniqueAmongPeers">What no two hosts can share, such as a MAC.</param>
public sealed record PeerRules(
    NetworkConfig Config, Subnet Own, IReadOnlyList<IPAddress> PublicIps, IReadOnlyList<IPNetwork> HostNetworks,
    Func<Lease, string?> BackendRefuses, Func<Lease, IEnumerable<object>> UniqueAmongPeers);

/// <summary>Chooses the leases that are programmed. Each is checked before it is believed (Q-44, F67, F68); a bad one never spoils another.</summary>
public static class PeerSelection
{
    /// <summary>Chooses from a table.</summary>
    /// <returns>Peers oldest first, and those refused.</returns>
    public static (IReadOnlyList<Lease> Peers, IReadOnlyList<RefusedPeer> Refused) Select(LeaseTable table, PeerRules rules)
    {
        var refused = new List<RefusedPeer>();
        var candidates = new List<Lease>(table.Leases.Count);
        foreach (var lease in table.Leases.Values)
        {
            if (lease.Subnet == rules.Own)
                continue;
            if (Refusal(lease, rules) is { } reason)
                refused.Add(Refuse(lease, reason));
            else
                candidates.Add(lease);
        }

        // All are of one length now, so that an overlap is an equal network. The older lease wins, whoever wrote last.
        candidates.Sort(static (one, other) => one.CreateRevision != other.CreateRevision
            ? one.CreateRevision.CompareTo(other.CreateRevision)
            : string.CompareOrdinal(one.Key, other.Key));
        var taken = new Dictionary<IPAddress, Lease>(candidates.Count);
        var peers = new List<Lease>(candidates.Count);
        foreach (var lease in candidates)
        {
            if (taken.TryGetValue(lease.Subnet.IPv4.BaseAddress, out var older)
                || lease.Subnet.IPv6 is { } network && taken.TryGetValue(network.BaseAddress, out older))
            {
                refused.Add(Refuse(lease, $"{older.Subnet} of {older.Attributes.PublicIp} is older and overlaps it"));
                continue;
            }
            taken[lease.Subnet.IPv4.BaseAddress] = lease;
            if (lease.Subnet.IPv6 is { } v6)
                taken[v6.BaseAddress] = lease;
            peers.Add(lease);
        }
        RefuseShared(peers, rules, refused);
        return (peers, refused);
    }

    // What leads to one host only goes to the newer lease of two hosts; the older one could not be reached anyway (F47).
    private static void RefuseShared(List<Lease> peers, PeerRules rules, List<RefusedPeer> refused)
    {
        var holders = new Dictionary<object, Lease>(peers.Count);
        HashSet<Lease>? losers = null;
        foreach (var lease in peers)
        {
            foreach (var shared in rules.UniqueAmongPeers(lease))
            {
                if (!holders.TryGetValue(shared, out var other) || other.Attributes.PublicIp.Equals(lease.Attributes.PublicIp))
                {
                    holders[shared] = lease;
                    continue;
                }
                var (older, newer) = other.ModRevision < lease.ModRevision ? (other, lease) : (lease, other);
                if ((losers ??= []).Add(older))
                    refused.Add(Refuse(older, $"{shared} is claimed by {newer.Subnet} of {newer.Attributes.PublicIp} too, which wrote it later"));
                holders[shared] = newer;
            }
        }
        if (losers is not null)
            peers.RemoveAll(losers.Contains);
    }

    private static RefusedPeer Refuse(Lease lease, string reason) => new(lease.Key, lease.Subnet, lease.Attributes.PublicIp, reason);

    private static string? Refusal(Lease lease, PeerRules rules)
    {
        var config = rules.Config;
        return RefuseSubnet(lease.Subnet.IPv4, config.IPv4, rules)
            ?? (lease.Subnet.IPv6 is { } v6 && config.IPv6 is { } range ? RefuseSubnet(v6, range, rules) : null)
            ?? (lease.Subnet.Overlaps(rules.Own) ? "it overlaps our own subnet " + rules.Own : null)
            ?? RefusePublicIp(lease.Attributes.PublicIp, rules)
            ?? (lease.Attributes.PublicIpV6 is { } publicV6 && config.IPv6 is not null ? RefusePublicIPv6(publicV6, rules) : null)
            ?? rules.BackendRefuses(lease);
    }

    private static string? RefuseSubnet(IPNetwork subnet, SubnetRange range, PeerRules rules)
    {
        if (!AddressNumber.Contains(range.Network, subnet))
            return $"it is not inside the network {range.Network}";
        if (subnet.PrefixLength != range.SubnetLength)
            return $"subnets of this network have the length {range.SubnetLength}";
        foreach (var connected in rules.HostNetworks)
            if (connected.Overlaps(subnet))
                return $"this host is connected to {connected} itself";
        return null;
    }

    private static string? RefusePublicIPv6(IPAddress address, PeerRules rules)
        => address.AddressFamily == AddressFamily.InterNetworkV6 ? RefusePublicIp(address, rules) : $"its PublicIPv6 {address} is no IPv6 address";

    private static string? RefusePublicIp(IPAddress address, PeerRules rules)
    {
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            return "it has no public IP";
        if (rules.PublicIps.Contains(address))
            return $"its public IP {address} is our own";
        if (IPAddress.IsLoopback(address) || IsMulticast(address) || address.Equals(IPAddress.Broadcast))
            return $"its public IP {address} is no host's address";
        var overlay = address.AddressFamily == AddressFamily.InterNetwork ? rules.Config.IPv4.Network : rules.Config.IPv6?.Network;
        return overlay is { } network && network.Contains(address) ? $"its public IP {address} lies inside the overlay {network}: a tunnel in itself" : null;
    }

    private static bool IsMulticast(IPAddress address)
        => address.IsIPv6Multicast || address.AddressFamily == AddressFamily.InterNetwork && address.ToNumber() >> 28 == 14;
}
