using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Checks;

/// <summary>A network that this host is connected to by other means cannot be the overlay's too.</summary>
internal sealed class OverlapCheck() : Check("Overlap", CheckCategory.Configuration, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the network overlaps an address or a route that this host has beside it.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host) = (facts.Network, facts.Host);
        var devices = host.Links.Where(link => network.Devices.Contains(link.Name) || link.Name.StartsWith("flannel", StringComparison.Ordinal)).Select(link => link.Index).ToHashSet();
        var names = host.Links.ToDictionary(link => link.Index, link => link.Name);
        var found = new List<Finding>();
        foreach (var wide in new[] { network.Network, network.IPv6Network }.OfType<IPNetwork>())
        {
            var addresses = host.Addresses.Where(address => !devices.Contains(address.LinkIndex) && address.Address.AddressFamily == wide.BaseAddress.AddressFamily)
                .Select(address => (Network: AddressNumber.Network(address.Address, address.PrefixLength), address.LinkIndex, What: $"the address {address.Address}/{address.PrefixLength}"));
            // Routes of our own mark, on our devices, and the ones that stand for an address are left out; a default route overlaps everything and is meant to.
            var routes = host.Routes.Where(route => route.Destination.BaseAddress.AddressFamily == wide.BaseAddress.AddressFamily && route.Destination.PrefixLength > 0
                    && route.Protocol is not (Route.RTPROT_FLANNELPS or Route.RTPROT_KERNEL) && route.Type == Route.RTN_UNICAST && !devices.Contains(route.LinkIndex))
                .Select(route => (Network: route.Destination, route.LinkIndex, What: $"a route to {route.Destination}"));
            foreach (var other in addresses.Concat(routes).Where(other => other.Network.Overlaps(wide) && !IsOurs(other.Network, network, facts)))
                found.Add(Finding.Fail($"{wide} overlaps {other.What} on {names.GetValueOrDefault(other.LinkIndex, "another device")}.", "Addresses that lie in both go one way only: a peer there cannot be reached, or that network not any more.",
                    "Give the overlay a network that nobody else uses (Set-FlannelNetworkConfig), or take the address or route away.", other.Network.ToString()));
        }
        return found.Count > 0 ? found : [Finding.Pass($"Nothing else on this host lies in {network.Network}.", network.Network.ToString())];
    }

    // The bridge of this host's workloads; and peers' subnets, whose routes another flannel on this host has set (host-gw).
    private static bool IsOurs(IPNetwork other, NetworkFacts network, CheckFacts facts)
        => network.Subnet is { } own && AddressNumber.Contains(own, other)
            || facts.Scope == FlannelCheckScope.Host && facts.Store.Leases.Any(lease => lease.Subnet.IPv4 == other || lease.Subnet.IPv6 == other)
            || facts.Scope == FlannelCheckScope.Node && facts.Node.IsPeer(other);
}
