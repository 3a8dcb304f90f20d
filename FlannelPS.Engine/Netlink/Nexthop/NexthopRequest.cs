using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.NexthopH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to the nexthop objects.</summary>
public sealed record NexthopRequest : NetlinkRequest
{
    private NexthopRequest(Nexthop nexthop, ushort type, ushort flags) : base(type, flags) => Nexthop = nexthop;

    /// <summary>The nexthop.</summary>
    public Nexthop Nexthop { get; }

    /// <summary>Makes it the nexthop of its id, instead of what is there, also a foreign one; the routes that use the id follow.</summary>
    public static NexthopRequest Replace(Nexthop nexthop) => new(nexthop, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Adds it; EEXIST where the id is taken.</summary>
    public static NexthopRequest Add(Nexthop nexthop) => new(nexthop, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>Removes the nexthop of this id. The kernel removes the routes that use it, so delete or replace them first.</summary>
    public static NexthopRequest Delete(Nexthop nexthop) => new(nexthop, RTM_DELNEXTHOP, 0);

    internal override int Device => Nexthop.LinkIndex;

    internal override void Write(ref MessageWriter writer)
    {
        // nh_valid_get_del_req(), net/ipv4/nexthop.c: a delete with anything but the id is invalid.
        writer.Body(IsDelete ? default : new NhMsg
        {
            nh_family = Family.Of(Nexthop.Gateway),
            nh_protocol = Nexthop.Protocol,
            nh_flags = Nexthop.OnLink ? RTNH_F_ONLINK : 0,
        });
        writer.UInt32(NHA_ID, Nexthop.Id);
        if (IsDelete)
            return;
        writer.Address(NHA_GATEWAY, Nexthop.Gateway);
        writer.UInt32(NHA_OIF, (uint)Nexthop.LinkIndex);
    }

    private protected override string Subject => $"id {Nexthop.Id} via {Nexthop.Gateway}";
}
