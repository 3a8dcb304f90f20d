using System.Net;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>What is odd about a choice that is allowed all the same.</summary>
internal static class InterfaceWarnings
{
    /// <summary>VirtualBox gives every machine this address on its NAT interface, so all of them would tell the same one.</summary>
    private static readonly IPAddress VirtualBoxNat = new([10, 0, 2, 15]);

    /// <summary>The warnings, each with what to do.</summary>
    public static IReadOnlyList<string> Of(ExternalInterface chosen, InterfaceOptions options, bool dualStack)
    {
        List<string> warnings = [];
        if ((chosen.Link.Flags & Link.IFF_LOOPBACK) != 0)
            warnings.Add($"{chosen.Link.Name} is the loopback interface: no other host can reach it. Name another with --iface.");
        else if (!chosen.Link.IsUp)
            warnings.Add($"{chosen.Link.Name} is down: nothing reaches other hosts until it is up.");
        foreach (var address in new[] { chosen.PublicIp, chosen.PublicIpV6 })
        {
            if (address is not null && AddressPreference.IsLinkLocal(address))
                warnings.Add($"{address} is link-local: hosts behind a router cannot reach it. Name another with --iface or --public-ip{(address == chosen.PublicIp ? "" : "v6")}.");
        }
        if (VirtualBoxNat.Equals(chosen.PublicIp))
            warnings.Add($"{chosen.PublicIp} is VirtualBox's NAT address, the same on every machine. Name the host-only interface with --iface.");
        if (!dualStack && options.PublicIpV6 is { } unused)
            warnings.Add($"public-ipv6 {unused} is not used: the network is IPv4 only.");
        return warnings;
    }
}
