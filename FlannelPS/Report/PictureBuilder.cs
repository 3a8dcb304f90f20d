using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Report;

/// <summary>Makes of what single nodes said one picture of each network.</summary>
internal static class PictureBuilder
{
    /// <summary>Puts it together.</summary>
    public static Picture Build(IReadOnlyList<Witness> witnesses, DateTimeOffset taken)
    {
        var known = witnesses.Select(witness => witness.Node.Network).OfType<IPNetwork>().Distinct().ToList();
        var networks = witnesses.Select(witness => (witness, network: NetworkOf(witness, known))).Where(pair => pair.network is not null)
            .GroupBy(pair => (pair.network!.Value, pair.witness.Node.Prefix), pair => pair.witness)
            .Select(group => OfNetwork(group.Key.Value, [.. group.OrderBy(witness => witness.Node.Subnet?.First() ?? UInt128.MaxValue)]))
            .OrderBy(network => network.Network.First());
        return new(taken, [.. networks], witnesses);
    }

    /// <summary>What a node is called by whoever asked it.</summary>
    public static string NameOf(NodeFact node) => node.Host.Length > 0 ? node.Host : node.HostName.Length > 0 ? node.HostName : node.PublicIP?.ToString() ?? node.Name;

    // Where only peers were handed over, the network is the one they lie in.
    private static IPNetwork? NetworkOf(Witness witness, List<IPNetwork> known)
        => witness.Node.Network is { } network ? network
            : witness.Peers.Count == 0 ? null
            : known.Find(candidate => witness.Peers.All(peer => AddressNumber.Contains(candidate, peer.Subnet))) is { PrefixLength: > 0 } found ? found
            : Around([.. witness.Peers.Select(peer => peer.Subnet)]);

    private static IPNetwork Around(List<IPNetwork> subnets)
    {
        var length = subnets.Min(subnet => subnet.PrefixLength);
        while (length > 1 && subnets.Any(subnet => !AddressNumber.Contains(AddressNumber.Network(subnets[0].BaseAddress, length), subnet)))
            length--;
        return AddressNumber.Network(subnets[0].BaseAddress, length);
    }

    private static NetworkPicture OfNetwork(IPNetwork network, IReadOnlyList<Witness> witnesses)
    {
        var askers = new Dictionary<IPNetwork, int>();
        for (var asker = 0; asker < witnesses.Count; asker++)
            if (witnesses[asker].Node.Subnet is { } subnet)
                askers.TryAdd(subnet, asker);
        var leases = new Dictionary<IPNetwork, LeaseFact>();
        foreach (var lease in witnesses.SelectMany(witness => witness.Leases))
            leases.TryAdd(lease.Subnet, lease);
        var seen = new Dictionary<IPNetwork, PeerFact?[]>();
        for (var asker = 0; asker < witnesses.Count; asker++)
            foreach (var peer in witnesses[asker].Peers)
                if (Row(peer.Subnet)[asker] is not { } other || other.State < peer.State)
                    Row(peer.Subnet)[asker] = peer;

        var hosts = askers.Keys.Concat(leases.Keys).Concat(seen.Keys).Distinct()
            .OrderBy(subnet => subnet.First()).ThenBy(subnet => subnet.PrefixLength)
            .Select(subnet => Host(subnet, askers.TryGetValue(subnet, out var asker) ? asker : null, leases.GetValueOrDefault(subnet), seen.GetValueOrDefault(subnet) ?? new PeerFact?[witnesses.Count], witnesses));
        var all = Distinct([.. hosts]);
        return new(network, witnesses, all) { Subnets = SubnetMap.Of(network, witnesses, all) };

        PeerFact?[] Row(IPNetwork subnet)
        {
            if (!seen.TryGetValue(subnet, out var row))
                seen[subnet] = row = new PeerFact?[witnesses.Count];
            return row;
        }
    }

    // Cloned machines share a name; their addresses tell them apart.
    private static List<HostView> Distinct(List<HostView> hosts)
    {
        var shared = hosts.GroupBy(host => host.Name).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
        return hosts.ConvertAll(host => shared.Contains(host.Name) && host.PublicIP is { } address ? host with { Name = $"{host.Name} {address}" } : host);
    }

    private static HostView Host(IPNetwork subnet, int? asker, LeaseFact? lease, PeerFact?[] seen, IReadOnlyList<Witness> witnesses)
    {
        var node = asker is { } place ? witnesses[place].Node : null;
        var words = seen.OfType<PeerFact>().ToList();
        var called = words.Select(peer => peer.HostName).FirstOrDefault(name => name.Length > 0);
        var address = node?.PublicIP ?? lease?.PublicIP ?? words.Select(peer => peer.PublicIP).FirstOrDefault(ip => ip is not null);
        // As the user called it comes first; where that is an address, or nothing, its own name says more.
        var name = node is { Host.Length: > 0 } && !IPAddress.TryParse(node.Host, out _) ? node.Host
            : called ?? (node is null ? address?.ToString() ?? subnet.ToString() : node.HostName.Length > 0 ? node.HostName : NameOf(node));
        var ways = seen.Where((_, other) => other != asker).Select(peer => peer?.State ?? LinkState.Absent).ToList();
        return new(subnet, address, name)
        {
            Node = node,
            Asker = asker,
            Backend = lease is { Backend.Length: > 0 } ? lease.Backend : words.Select(peer => peer.Backend).FirstOrDefault(backend => backend.Length > 0) ?? node?.Backend ?? "",
            Version = node is { Version.Length: > 0 } ? node.Version : words.Select(peer => peer.Version).FirstOrDefault(version => version.Length > 0) ?? "",
            IsReservation = lease?.IsReservation ?? false,
            Seen = seen,
            Worst = ways.Count > 0 ? ways.Max() : null,
        };
    }
}
