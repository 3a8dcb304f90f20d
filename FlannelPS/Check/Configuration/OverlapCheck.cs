using System.Net;
using FlannelPS.Engine.Backends;

namespace FlannelPS.Checks;

/// <summary>A network that this host is connected to by other means cannot be the overlay's too. What is in the way is the engine's rule, by which a node refuses to start.</summary>
internal sealed class OverlapCheck() : Check("Overlap", CheckCategory.Configuration, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the network overlaps an address or a route that this host has beside it.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host) = (facts.Network, facts.Host);
        var others = host.Daemons.Where(daemon => daemon.Name != facts.NodeName && daemon.Namespace == host.Namespace).Select(daemon => daemon.Network).OfType<IPNetwork>().Where(other => other != network.Network).ToList();
        var found = host.Objects.Overlapping(network.Ranges, Devices(facts), Own(facts), others);
        return found.Count == 0 ? [Finding.Pass($"Nothing else on this host lies in {network.Network}.", network.Network.ToString())]
            : found.Take(20).Select(other => Finding.Fail($"{network.Network}{(network.IPv6Network is { } v6 ? $" or {v6}" : "")} overlaps {other}.", "Addresses that lie in both go one way only: a peer there cannot be reached, or that network not any more.",
                "Give the overlay a network that nobody else uses (Set-FlannelNetworkConfig), or take the address or route away.", other.Network.ToString()));
    }

    // Before a node runs its devices are those that the backend would make.
    private static IReadOnlyCollection<string> Devices(CheckFacts facts)
        => facts.Network.Devices.Count > 0 || facts.Scope == FlannelCheckScope.Node ? facts.Network.Devices
            : facts.Store.Config is { } config && BackendRegistry.Has(config.BackendType) && facts.Host.Chosen is { } node ? [.. BackendRegistry.Create(config).Devices(node).Select(device => device.Name)]
            : [.. facts.Host.Links.Select(link => link.Name).Where(name => name.StartsWith("flannel", StringComparison.Ordinal))];

    // The bridge of this host's workloads stands in our subnet; a host that has lost its file is known by its lease.
    private static List<IPNetwork> Own(CheckFacts facts)
    {
        var own = new List<IPNetwork?> { facts.Network.Subnet, facts.Network.IPv6Subnet };
        if (facts.Scope == FlannelCheckScope.Host)
            foreach (var lease in facts.Store.Leases.Where(lease => lease.Attributes.PublicIp.Equals(facts.Host.Selection?.Interface?.PublicIp)))
                own.AddRange([lease.Subnet.IPv4, lease.Subnet.IPv6]);
        return [.. own.OfType<IPNetwork>()];
    }
}
