using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NeighbourH;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to a vxlan device's own forwarding database.</summary>
public sealed record FdbRequest : NetlinkRequest
{
    private FdbRequest(FdbEntry entry, ushort type, ushort flags) : base(type, flags) => Entry = entry;

    /// <summary>The entry.</summary>
    public FdbEntry Entry { get; }

    /// <summary>Makes it the entry of its MAC, instead of what is there.</summary>
    public static FdbRequest Replace(FdbEntry entry) => new(entry, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Removes the entry of this MAC with this destination; the MAC with another destination stays.</summary>
    public static FdbRequest Delete(FdbEntry entry) => new(entry, RTM_DELNEIGH, 0);

    internal override int Device => Entry.LinkIndex;

    internal override void Write(ref MessageWriter writer)
    {
        writer.Body(new NdMsg
        {
            ndm_family = LibC.AF_BRIDGE,
            ndm_ifindex = Entry.LinkIndex,
            ndm_state = Entry.State,
            ndm_flags = NTF_SELF,
        });
        writer.Mac(NDA_LLADDR, Entry.Address);
        writer.Address(NDA_DST, Entry.Destination);
    }

    private protected override string Subject => $"fdb {Entry.Address} dst {Entry.Destination}";
}
