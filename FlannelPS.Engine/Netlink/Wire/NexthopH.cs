using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>linux/nexthop.h: what is in use of it.</summary>
internal static class NexthopH
{
    internal const ushort NHA_ID = 1, NHA_OIF = 5, NHA_GATEWAY = 6;
}

/// <summary>struct nhmsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NhMsg
{
    public byte nh_family;
    public byte nh_scope;
    public byte nh_protocol;
    public byte resvd;
    public uint nh_flags;
}
