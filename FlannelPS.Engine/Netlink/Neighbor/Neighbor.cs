using System.Net;

namespace FlannelPS.Engine.Netlink;

/// <summary>An ARP or NDP entry.</summary>
/// <remarks>linux/neighbour.h, struct ndmsg.</remarks>
/// <param name="LinkIndex">ndm_ifindex.</param>
/// <param name="Address">NDA_DST.</param>
/// <param name="LinkLayerAddress">NDA_LLADDR; in a dump zero while the kernel does not know it.</param>
/// <param name="State">ndm_state; NUD_PERMANENT for ours.</param>
public readonly record struct Neighbor(int LinkIndex, IPAddress Address, MacAddress LinkLayerAddress, ushort State = Neighbor.NUD_PERMANENT)
{
    /// <summary>NUD_PERMANENT.</summary>
    public const ushort NUD_PERMANENT = 0x80;
}

/// <summary>An entry of a vxlan device's own forwarding database: which host has this MAC.</summary>
/// <remarks>linux/neighbour.h with family AF_BRIDGE and NTF_SELF.</remarks>
/// <param name="LinkIndex">ndm_ifindex: the vxlan device.</param>
/// <param name="Address">NDA_LLADDR.</param>
/// <param name="Destination">NDA_DST: the host's address on the underlay.</param>
/// <param name="State">ndm_state; NUD_PERMANENT for ours.</param>
public readonly record struct FdbEntry(int LinkIndex, MacAddress Address, IPAddress Destination, ushort State = Neighbor.NUD_PERMANENT);
