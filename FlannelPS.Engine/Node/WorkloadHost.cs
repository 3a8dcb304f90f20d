using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>What of a host its kernel settings are judged by.</summary>
/// <param name="Underlay">The interface to other hosts; empty where it is not known.</param>
/// <param name="IsDual">Whether the network has IPv6.</param>
/// <param name="IsRouterAdvertised">Whether the IPv6 default route came with a router's advertisement.</param>
/// <param name="Bridge">A bridge that stands in our subnet; null for none.</param>
/// <param name="WaysOut">By how many interfaces packets leave this host: those of default routes, and the underlay.</param>
internal sealed record WorkloadHost(string Underlay, bool IsDual, bool IsRouterAdvertised, string? Bridge, int WaysOut)
{
    private const byte RTPROT_RA = 9;    // linux/rtnetlink.h

    /// <summary>Looks for it among what stands on the host.</summary>
    /// <param name="host">What stands there.</param>
    /// <param name="underlay">The interface to other hosts; empty where it is not known.</param>
    /// <param name="own">This host's subnets; none where they are not known.</param>
    /// <param name="dual">Whether the network has IPv6.</param>
    public static WorkloadHost Of(HostObjects host, string underlay, IReadOnlyCollection<IPNetwork> own, bool dual)
    {
        var bridges = host.Links.Where(link => link.Kind == "bridge").ToDictionary(link => link.Index, link => link.Name);
        var bridge = host.Addresses.Where(address => bridges.ContainsKey(address.LinkIndex) && own.Any(subnet => subnet.Contains(address.Address))).Select(address => bridges[address.LinkIndex]).FirstOrDefault();
        var defaults = host.Routes.Where(route => route.Destination.PrefixLength == 0 && route.Table == Route.RT_TABLE_MAIN).ToList();
        var ways = defaults.Where(route => route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork && route.LinkIndex != 0).Select(route => route.LinkIndex)
            .Concat(host.Links.Where(link => link.Name == underlay).Select(link => link.Index)).Distinct().Count();
        return new(underlay, dual, defaults.Exists(route => route.Protocol == RTPROT_RA), bridge, ways);
    }
}
