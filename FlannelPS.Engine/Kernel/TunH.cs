namespace FlannelPS.Engine.Kernel;

/// <summary>linux/if_tun.h and linux/virtio_net.h.</summary>
internal static class TunH
{
    internal const int TUNSETIFF = 0x400454ca, TUNSETPERSIST = 0x400454cb, TUNSETOFFLOAD = 0x400454d0;
    internal const uint TUNGETIFF = 0x800454d2;
    internal const ushort IFF_TUN = 1, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000, IFF_PERSIST = 0x0800;
    internal const uint TUN_F_CSUM = 1, TUN_F_TSO4 = 2, TUN_F_TSO6 = 4, TUN_F_TSO_ECN = 8;
    internal const byte VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
    internal const byte VIRTIO_NET_HDR_GSO_NONE = 0, VIRTIO_NET_HDR_GSO_TCPV4 = 1, VIRTIO_NET_HDR_GSO_TCPV6 = 4, VIRTIO_NET_HDR_GSO_ECN = 0x80;
}
