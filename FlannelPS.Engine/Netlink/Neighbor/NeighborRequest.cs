using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NeighbourH;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to the ARP or NDP table.</summary>
public sealed record NeighborRequest : NetlinkRequest
{
    private NeighborRequest(Neighbor neighbor, ushort type, ushort flags) : base(type, flags) => Neighbor = neighbor;

    /// <summary>The entry.</summary>
    public Neighbor Neighbor { get; }

    /// <summary>Makes it the entry of its address on its device, instead of what is there.</summary>
    public static NeighborRequest Replace(Neighbor neighbor) => new(neighbor, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Removes the entry of this address, whatever its link-layer address.</summary>
    public static NeighborRequest Delete(Neighbor neighbor) => new(neighbor, RTM_DELNEIGH, 0);

    internal override int Device => Neighbor.LinkIndex;

    internal override void Write(ref MessageWriter writer)
    {
        writer.Body(new NdMsg
        {
            ndm_family = Family.Of(Neighbor.Address),
            ndm_ifindex = Neighbor.LinkIndex,
            ndm_state = Neighbor.State,
            ndm_type = RTN_UNICAST,
        });
        writer.Address(NDA_DST, Neighbor.Address);
        if (!IsDelete)
            writer.Mac(NDA_LLADDR, Neighbor.LinkLayerAddress);
    }

    private protected override string Subject => $"{Neighbor.Address} lladdr {Neighbor.LinkLayerAddress}";
}
