using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>What stands on this host besides the overlay, as far as it may stand in the overlay's way.</summary>
/// <param name="Links">All devices.</param>
/// <param name="Addresses">All addresses.</param>
/// <param name="Routes">Routes of all tables.</param>
internal sealed record HostObjects(IReadOnlyList<Link> Links, IReadOnlyList<InterfaceAddress> Addresses, IReadOnlyList<Route> Routes)
{
    public static HostObjects Read(RouteSocket socket, bool dual)
        => new(socket.DumpLinks(), socket.DumpAddresses(),
            dual ? [.. socket.DumpRoutes(AddressFamily.InterNetwork), .. socket.DumpRoutes(AddressFamily.InterNetworkV6)] : socket.DumpRoutes(AddressFamily.InterNetwork));

    /// <summary>Finds what of the host's own lies in the network, or around it (pain 23).</summary>
    /// <param name="config">The network.</param>
    /// <param name="devices">Names of our devices: what stands on them is the overlay's.</param>
    /// <param name="own">What is ours by lease, saved state or subnet file: the containers' bridge stands in it.</param>
    /// <param name="others">Networks of other instances on this host.</param>
    /// <returns>One each, with the device; none where nothing is in the way.</returns>
    public IReadOnlyList<HostOverlap> Overlapping(NetworkConfig config, IReadOnlyCollection<string> devices, IReadOnlyCollection<IPNetwork> own, IReadOnlyCollection<IPNetwork> others)
        => Overlapping((config.IPv6 is { } v6 ? [config.IPv4, v6] : new[] { config.IPv4 }).Select(range => (range.Network, range.SubnetLength)).ToList(), devices, own, others);

    /// <summary>The same for who knows networks and the length of their subnets only.</summary>
    public IReadOnlyList<HostOverlap> Overlapping(
        IReadOnlyCollection<(IPNetwork Network, int SubnetLength)> networks, IReadOnlyCollection<string> devices, IReadOnlyCollection<IPNetwork> own, IReadOnlyCollection<IPNetwork> others)
    {
        var ours = Links.Where(link => devices.Contains(link.Name)).Select(link => link.Index).ToHashSet();
        var found = new List<HostOverlap>();
        foreach (var address in Addresses)
            if (!ours.Contains(address.LinkIndex) && AddressNumber.Network(address.Address, address.PrefixLength) is var connected && IsInTheWay(connected))
                found.Add(new(connected, $"the address {address.Address}/{address.PrefixLength} on {NameOf(address.LinkIndex)}"));
        foreach (var route in Routes)
            // What comes with an address was told with it.
            if (route.Table == Route.RT_TABLE_MAIN && route.Protocol != Route.RTPROT_KERNEL && !ours.Contains(route.LinkIndex) && IsInTheWay(route.Destination) && !IsOurs(route))
                found.Add(new(route.Destination, $"the route {route.Destination}{(route.Gateway is { } gateway ? $" via {gateway}" : "")}{(route.LinkIndex != 0 ? $" by {NameOf(route.LinkIndex)}" : "")}"));
        return found;

        bool IsInTheWay(IPNetwork here)
            => here.PrefixLength > 0 && networks.Any(range => range.Network.Overlaps(here)) && !own.Any(subnet => AddressNumber.Contains(subnet, here));

        // Without a device of its own (host-gw, direct routing), ours and the original's are known by their look; another instance's have the same.
        bool IsOurs(Route route)
            => route.Protocol is Route.RTPROT_FLANNELPS or Route.RTPROT_BOOT && (route.Gateway is not null || route.NexthopId != 0) && !others.Any(other => other.Overlaps(route.Destination))
                && networks.Any(range => route.Destination.PrefixLength == range.SubnetLength && AddressNumber.Contains(range.Network, route.Destination));
    }

    private string NameOf(int index) => Links.FirstOrDefault(link => link.Index == index)?.Name ?? $"interface {index}";
}

/// <summary>Something of the host's own that lies in the overlay's network, or around it.</summary>
/// <param name="Network">What it occupies.</param>
/// <param name="Text">What it is, with its device.</param>
internal sealed record HostOverlap(IPNetwork Network, string Text)
{
    /// <summary>What it is.</summary>
    public override string ToString() => Text;
}
