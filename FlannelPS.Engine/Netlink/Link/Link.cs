using System.Net;

namespace FlannelPS.Engine.Netlink;

/// <summary>A network device as the kernel has it.</summary>
/// <remarks>linux/if_link.h, struct ifinfomsg.</remarks>
/// <param name="Index">ifi_index.</param>
/// <param name="Name">IFLA_IFNAME.</param>
/// <param name="Kind">IFLA_INFO_KIND (<c>vxlan</c>, <c>veth</c>, ...); empty for hardware and loopback.</param>
/// <param name="Flags">ifi_flags (IFF_UP, IFF_LOOPBACK, ...).</param>
/// <param name="Mtu">IFLA_MTU, bytes.</param>
/// <param name="Address">IFLA_ADDRESS; null where it is not six octets long.</param>
/// <param name="TxQueueLength">IFLA_TXQLEN, packets.</param>
/// <param name="Vxlan">IFLA_INFO_DATA of a vxlan device.</param>
public sealed record Link(int Index, string Name, string Kind, uint Flags, int Mtu, MacAddress? Address, uint TxQueueLength, VxlanInfo? Vxlan)
{
    /// <summary>IFF_UP, linux/if.h.</summary>
    public const uint IFF_UP = 1;

    /// <summary>IFF_LOOPBACK, linux/if.h.</summary>
    public const uint IFF_LOOPBACK = 8;

    /// <summary>Whether the device is administratively up.</summary>
    public bool IsUp => (Flags & IFF_UP) != 0;
}

/// <summary>What makes a vxlan device.</summary>
/// <remarks>linux/if_link.h, IFLA_VXLAN_*.</remarks>
/// <param name="Vni">IFLA_VXLAN_ID, 24 bits.</param>
/// <param name="LowerIndex">IFLA_VXLAN_LINK: index of the underlying device; 0 for none.</param>
/// <param name="Local">IFLA_VXLAN_LOCAL or _LOCAL6: source address of the tunnel's packets.</param>
/// <param name="Group">IFLA_VXLAN_GROUP or _GROUP6; null for none.</param>
/// <param name="Port">IFLA_VXLAN_PORT in host order; 0 when making a device: the kernel's default, 8472.</param>
/// <param name="Learning">IFLA_VXLAN_LEARNING.</param>
/// <param name="Gbp">IFLA_VXLAN_GBP (a flag attribute, sent only when set).</param>
/// <param name="L2Miss">IFLA_VXLAN_L2MISS.</param>
/// <param name="L3Miss">IFLA_VXLAN_L3MISS.</param>
public sealed record VxlanInfo(
    uint Vni, int LowerIndex, IPAddress? Local, IPAddress? Group, ushort Port, bool Learning, bool Gbp, bool L2Miss = false, bool L3Miss = false);
