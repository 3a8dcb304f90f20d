using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NeighbourH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    /// <summary>ARP or NDP entries of a device; none for a device that is gone. The MAC is zero while the kernel does not know it.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public List<Neighbor> DumpNeighbors(AddressFamily family, int linkIndex)
        => Dump(RTM_GETNEIGH,
            (ref MessageWriter writer) =>
            {
                writer.Body(new NdMsg { ndm_family = Family.Of(family) });
                writer.UInt32(NDA_IFINDEX, (uint)linkIndex);
            },
            (Message message, out Neighbor neighbor) => NeighborMessage.TryParse(message, out neighbor) && neighbor.LinkIndex == linkIndex,
            isFiltered: true);

    /// <summary>Entries of a vxlan device's own FDB that lead to a host; none for a device that is gone.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public List<FdbEntry> DumpFdb(int linkIndex)
        => Dump(RTM_GETNEIGH,
            // valid_fdb_dump_strict(), net/core/rtnetlink.c: here the device is in the header.
            (ref MessageWriter writer) => writer.Body(new NdMsg { ndm_family = LibC.AF_BRIDGE, ndm_ifindex = linkIndex }),
            (Message message, out FdbEntry entry) => NeighborMessage.TryParse(message, out entry) && entry.LinkIndex == linkIndex,
            isFiltered: true);
}
