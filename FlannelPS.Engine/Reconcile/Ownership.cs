using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Tells our objects from everybody else's (D7). What is not ours is never deleted.</summary>
/// <param name="networks">The overlay's networks.</param>
/// <param name="subnetLengths">Prefix length of one node's subnet, by network.</param>
/// <param name="devices">Indices of our tunnel devices: whatever stands on them is ours.</param>
/// <param name="underlay">Index of the interface the original's routes without a tunnel go by.</param>
public sealed class Ownership(IReadOnlyList<IPNetwork> networks, IReadOnlyList<int> subnetLengths, IReadOnlyList<int> devices, int underlay)
{
    /// <summary>Makes it for one overlay.</summary>
    public static Ownership Of(NetworkConfig config, IReadOnlyList<int> devices, int underlay)
        => config.IPv6 is { } v6
            ? new([config.IPv4.Network, v6.Network], [config.IPv4.SubnetLength, v6.SubnetLength], devices, underlay)
            : new([config.IPv4.Network], [config.IPv4.SubnetLength], devices, underlay);

    /// <summary>Whether a device is ours.</summary>
    public bool IsDevice(int link) => devices.Contains(link);

    /// <summary>Whether a route is ours: inside a network of ours, and on our device, or with our mark, or just as the original would have set it.</summary>
    public bool Owns(Route route)
    {
        for (var i = 0; i < networks.Count; i++)
            if (AddressNumber.Contains(networks[i], route.Destination))
                return route.Protocol == Route.RTPROT_FLANNELPS
                    || IsDevice(route.LinkIndex) && route.Protocol == Route.RTPROT_BOOT
                    || IsOriginals(route, subnetLengths[i]);
        return false;
    }

    /// <summary>Whether what stands serves as well as what is wanted. The original's route on our own device does; elsewhere ours carries our mark.</summary>
    public bool Serves(Route wanted, Route present)
        => wanted.NexthopId == present.NexthopId
            && (wanted.NexthopId != 0 || wanted.LinkIndex == present.LinkIndex && wanted.OnLink == present.OnLink && Equals(wanted.Gateway, present.Gateway))
            && wanted.Type == present.Type && !present.IsAdorned
            && (present.Protocol == wanted.Protocol || IsDevice(present.LinkIndex) && present.Protocol == Route.RTPROT_BOOT);

    // host-gw, and vxlan with direct routing: a subnet of the network by a gateway on the underlay, no mark, no metric.
    private bool IsOriginals(Route route, int subnetLength)
        => route.Protocol == Route.RTPROT_BOOT && route.LinkIndex == underlay && route.Gateway is not null && !route.OnLink
            && route.Destination.PrefixLength == subnetLength;
}
