using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>linux/icmp.h, linux/in.h, linux/filter.h, linux/bpf_common.h, asm-generic/socket.h.</summary>
internal static class IcmpH
{
    internal const int IPPROTO_ICMP = 1, IP_PMTUDISC_PROBE = 3;
    internal const byte ICMP_ECHOREPLY = 0, ICMP_DEST_UNREACH = 3, ICMP_ECHO = 8, ICMP_TIME_EXCEEDED = 11;
    internal const int SO_ATTACH_FILTER = 26, SO_TIMESTAMPNS = 35;
    internal const ushort BPF_LDX_B_MSH = 0xb1, BPF_LD_B_IND = 0x50, BPF_LD_W_IND = 0x40, BPF_JMP_JEQ_K = 0x15, BPF_RET_K = 0x06;
}

internal static partial class LibC
{
    /// <summary>linux/time.h.</summary>
    internal const int CLOCK_REALTIME = 0;

    /// <summary>setsockopt(2) of a packet filter, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSocketOption(FileDescriptor socket, int level, int option, in SockFProg value, uint length);
}

/// <summary>struct sock_filter, linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct SockFilter(ushort code, byte whenTrue, byte whenFalse, uint k)
{
    public readonly ushort code = code;
    public readonly byte jt = whenTrue;
    public readonly byte jf = whenFalse;
    public readonly uint k = k;
}

/// <summary>struct sock_fprog, linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockFProg
{
    public ushort len;
    public nint filter;
}
