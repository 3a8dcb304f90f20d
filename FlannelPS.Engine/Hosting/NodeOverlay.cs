using System.Net;
using System.Text.Json;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>What a node has in the kernel of its host, as its answers tell it, or its footprint where it does not run.</summary>
/// <param name="Name">The node.</param>
/// <param name="Networks">Its networks, IPv4 first.</param>
/// <param name="SubnetLengths">Prefix length of one host's subnet in each.</param>
/// <param name="Devices">Names of its tunnel devices.</param>
/// <param name="Underlay">The interface towards other hosts.</param>
/// <param name="Destinations">What needs a route, mostly the peers' subnets; null where nobody knows.</param>
internal sealed record NodeOverlay(
    string Name, IReadOnlyList<IPNetwork> Networks, IReadOnlyList<int> SubnetLengths, IReadOnlyList<string> Devices, string Underlay, IReadOnlyList<IPNetwork>? Destinations)
{
    /// <summary>Of a node that runs; null before it has a lease.</summary>
    public static NodeOverlay? Of(JsonElement status, JsonElement peers)
    {
        var lease = status.Part("lease");
        if (status.Network("network") is not { } network || lease.Network("subnet") is not { } subnet)
            return null;
        var (networks, lengths) = (new List<IPNetwork> { network }, new List<int> { subnet.PrefixLength });
        if (status.Network("ipv6Network") is { } v6 && lease.Network("ipv6Subnet") is { } subnetV6)
        {
            networks.Add(v6);
            lengths.Add(subnetV6.PrefixLength);
        }
        return new(
            status.Text("name") ?? "", networks, lengths, status.Texts("devices"), status.Text("interface") ?? "", [.. DestinationsOf(status.Text("backend"), networks, peers)]);
    }

    /// <summary>Of a node that does not run: what it saved; null where there is nothing, or it may not be read.</summary>
    public static NodeOverlay? OfStopped(string name)
    {
        if (new StateFolder(new InstancePaths(name), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).ReadFootprint() is not { } saved
            || !IPNetwork.TryParse(saved.Network, out var network))
            return null;
        var (networks, lengths) = (new List<IPNetwork> { network }, new List<int> { saved.SubnetLength });
        if (IPNetwork.TryParse(saved.IPv6Network, out var v6))
        {
            networks.Add(v6);
            lengths.Add(saved.IPv6SubnetLength);
        }
        return new(name, networks, lengths, saved.Devices, saved.Interface, null);
    }

    /// <summary>Each backend's own: udp has one route for all, alloc none, the others one a peer.</summary>
    private static IEnumerable<IPNetwork> DestinationsOf(string? backend, List<IPNetwork> networks, JsonElement peers)
        => backend switch
        {
            "udp" => networks,
            "alloc" => [],
            _ => peers.Objects().Where(peer => peer.Text("state") != "Refused")
                .SelectMany(peer => new[] { peer.Network("subnet"), networks.Count > 1 ? peer.Network("ipv6Subnet") : null }).OfType<IPNetwork>(),
        };

    /// <summary>Tells its routes from others'.</summary>
    public Ownership Ownership(IReadOnlyList<Link> links)
        => new(Networks, SubnetLengths,
            [.. links.Where(link => link.Kind is "vxlan" or "tun" && Devices.Contains(link.Name)).Select(link => link.Index)],
            links.FirstOrDefault(link => link.Name == Underlay)?.Index ?? -1);
}
