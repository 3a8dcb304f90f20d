using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>Workloads get addresses from the bridge's network, which must be this host's subnet.</summary>
internal sealed class BridgeCheck() : Check("Bridge", CheckCategory.Interface, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the bridge of the workloads (docker0, cni0) stands inside this host's subnet.")
{
    private static readonly string[] Names = ["docker0", "cni0"];

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host) = (facts.Network, facts.Host);
        if (network.Subnet is not { } own)
            return [Finding.Skip("This host has no subnet yet.")];
        var bridges = (from link in host.Links
                       where Names.Contains(link.Name)
                       from address in host.Addresses
                       where address.LinkIndex == link.Index && address.Address.AddressFamily == AddressFamily.InterNetwork
                       select (link.Name, Text: $"{address.Address}/{address.PrefixLength}", Network: AddressNumber.Network(address.Address, address.PrefixLength), address.Address)).ToList();
        // Another node of this host may have the bridge.
        bridges.RemoveAll(bridge => host.Daemons.Any(daemon => daemon.Name != facts.NodeName && daemon.Namespace == host.Namespace && daemon.Network?.Contains(bridge.Address) == true && !network.Network.Contains(bridge.Address)));
        if (bridges.Count == 0)
            return [Finding.Skip("There is neither docker0 nor cni0 with an address.")];
        var stale = bridges.Where(bridge => !AddressNumber.Contains(own, bridge.Network) && network.Network.Contains(bridge.Address)).ToList();
        if (stale.Count > 0)
            return stale.Select(bridge => Finding.Fail($"{bridge.Name} has {bridge.Text}, which lies in the network and not in this host's subnet {own}.",
                "It was made for a subnet that this host has no more: what other hosts send to its workloads goes elsewhere.",
                bridge.Name == "cni0" ? "Move the workloads away, then: ip link del cni0; the CNI plug-in makes it anew." : "Export-FlannelDockerOption, and restart Docker.", bridge.Name));
        var inside = bridges.Where(bridge => AddressNumber.Contains(own, bridge.Network)).ToList();
        return inside.Count > 0 ? inside.Select(bridge => Finding.Pass($"{bridge.Name} has {bridge.Text}, inside {own}.", bridge.Name))
            : bridges.Select(bridge => Finding.Warn($"{bridge.Name} has {bridge.Text}, outside {own}.", "Its workloads are not in the overlay's network: no other host reaches them.",
                bridge.Name == "cni0" ? "Export-FlannelCniConfig, and make the workloads anew; if they are not meant to be in the network, nothing." : "Export-FlannelDockerOption, and restart Docker; if its containers are not meant to be in the network, nothing.", bridge.Name));
    }
}
