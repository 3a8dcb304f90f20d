namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>linux/if_link.h: what is in use of it.</summary>
internal static class IfLinkH
{
    internal const ushort IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_TXQLEN = 13, IFLA_LINKINFO = 18, IFLA_EXT_MASK = 29;
    internal const ushort IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2;
    internal const ushort IFLA_VXLAN_ID = 1, IFLA_VXLAN_GROUP = 2, IFLA_VXLAN_LINK = 3, IFLA_VXLAN_LOCAL = 4, IFLA_VXLAN_TTL = 5, IFLA_VXLAN_TOS = 6;
    internal const ushort IFLA_VXLAN_LEARNING = 7, IFLA_VXLAN_PROXY = 11, IFLA_VXLAN_RSC = 12, IFLA_VXLAN_L2MISS = 13, IFLA_VXLAN_L3MISS = 14;
    internal const ushort IFLA_VXLAN_PORT = 15, IFLA_VXLAN_GROUP6 = 16, IFLA_VXLAN_LOCAL6 = 17;
    internal const ushort IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19, IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20, IFLA_VXLAN_GBP = 23;
}
