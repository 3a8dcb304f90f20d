using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>linux/neighbour.h: what is in use of it.</summary>
internal static class NeighbourH
{
    internal const ushort NDA_DST = 1, NDA_LLADDR = 2, NDA_IFINDEX = 8;
    internal const byte NTF_SELF = 2;
}

/// <summary>struct ndmsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NdMsg
{
    public byte ndm_family;
    public byte ndm_pad1;
    public ushort ndm_pad2;
    public int ndm_ifindex;
    public ushort ndm_state;
    public byte ndm_flags;
    public byte ndm_type;
}
