using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>Which of an interface's addresses is used.</summary>
internal static class AddressPreference
{
    private const uint IFA_F_TEMPORARY = 0x01, IFA_F_DADFAILED = 0x08, IFA_F_DEPRECATED = 0x20, IFA_F_PERMANENT = 0x80;   // linux/if_addr.h

    /// <summary>
    /// The usable ones, best first: global before link-local, permanent before dynamic, lasting before temporary, then in the kernel's order.
    /// Loopback, multicast, deprecated and duplicate ones are never used.
    /// </summary>
    public static IEnumerable<IPAddress> Usable(Link link, IReadOnlyList<InterfaceAddress> addresses, AddressFamily family)
        => addresses
            .Where(own => own.LinkIndex == link.Index && own.Address.AddressFamily == family
                && (own.Flags & (IFA_F_DEPRECATED | IFA_F_DADFAILED)) == 0 && !IPAddress.IsLoopback(own.Address) && !IsMulticast(own.Address))
            .OrderBy(own => IsLinkLocal(own.Address))
            .ThenBy(own => (own.Flags & IFA_F_PERMANENT) == 0)
            .ThenBy(own => (own.Flags & IFA_F_TEMPORARY) != 0)
            .Select(own => own.Address);

    /// <summary>169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291).</summary>
    public static bool IsLinkLocal(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6LinkLocal : address.GetAddressBytes() is [169, 254, ..];

    private static bool IsMulticast(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6Multicast : address.GetAddressBytes()[0] is >= 224 and < 240;
}
