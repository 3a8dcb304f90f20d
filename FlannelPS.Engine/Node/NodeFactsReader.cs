using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>Reads from the kernel what is known of this host.</summary>
internal static class NodeFactsReader
{
    /// <summary>Chooses the interface; keeps to the present choice as long as it fits.</summary>
    public static InterfaceSelection Select(RouteSocket socket, InterfaceOptions options, bool dualStack, ExternalInterface? current = null)
        => InterfaceSelector.Select(options, Facts(socket, dualStack), dualStack, current);

    /// <summary>Says of each interface of this host whether it would be chosen.</summary>
    public static InterfaceSurvey Survey(InterfaceOptions options, bool dualStack)
    {
        using var socket = new RouteSocket();
        return InterfaceSelector.Survey(options, Facts(socket, dualStack), dualStack);
    }

    /// <summary>Reads what backends need.</summary>
    public static NodeFacts Read(RouteSocket socket, ExternalInterface chosen, bool dualStack)
        => new(
            chosen.Link.Index, chosen.Link.Name, chosen.Mtu, chosen.Address!, chosen.AddressV6, chosen.PublicIp!, chosen.PublicIpV6,
            [.. Routes(socket, dualStack)
                .Where(route => route.Type == Route.RTN_UNICAST && route.Protocol != Route.RTPROT_FLANNELPS && !route.OnLink && route.LinkIndex != 0)
                .Select(route => new ConnectedNetwork(route.Destination, route.LinkIndex, route.Gateway is not null || route.NexthopId != 0))]);

    /// <summary>Networks this host has an address in, by devices that are not the overlay's: no peer's subnet can be there.</summary>
    /// <param name="socket">The kernel.</param>
    /// <param name="devices">Names of our devices.</param>
    /// <param name="own">Our subnet: what the containers' bridge has is ours.</param>
    public static IReadOnlyList<IPNetwork> HostNetworks(RouteSocket socket, IReadOnlyList<string> devices, Subnet own)
    {
        var ours = socket.DumpLinks().Where(link => devices.Contains(link.Name)).Select(link => link.Index).ToHashSet();
        return [.. socket.DumpAddresses()
            .Where(address => !ours.Contains(address.LinkIndex))
            .Select(address => AddressNumber.Network(address.Address, address.PrefixLength))
            .Where(network => network.PrefixLength > 0 && !network.Overlaps(own.IPv4) && !(own.IPv6 is { } v6 && network.Overlaps(v6)))
            .Distinct()];
    }

    private static InterfaceFacts Facts(RouteSocket socket, bool dualStack)
        => new(socket.DumpLinks(), socket.DumpAddresses(), Routes(socket, dualStack), address => socket.Lookup(address) is { } found ? new(found.LinkIndex, found.Source) : null);

    private static List<Route> Routes(RouteSocket socket, bool dualStack)
        => dualStack ? [.. socket.DumpRoutes(AddressFamily.InterNetwork), .. socket.DumpRoutes(AddressFamily.InterNetworkV6)] : socket.DumpRoutes(AddressFamily.InterNetwork);
}
