using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>linux/if_addr.h: what is in use of it.</summary>
internal static class IfAddrH
{
    internal const ushort IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_FLAGS = 8;
}

/// <summary>struct ifaddrmsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IfAddrMsg
{
    public byte ifa_family;
    public byte ifa_prefixlen;
    public byte ifa_flags;
    public byte ifa_scope;
    public uint ifa_index;
}
