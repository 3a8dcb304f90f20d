using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static unsafe partial class LibC
{
    // linux/socket.h, asm-generic/socket.h
    internal const int SOCK_DGRAM = 2, SO_SNDBUF = 7, SO_SNDBUFFORCE = 32, SCM_RIGHTS = 1;
    internal const int MSG_DONTWAIT = 0x40, MSG_CMSG_CLOEXEC = 0x40000000, MSG_CTRUNC = 8, MSG_NOSIGNAL = 0x4000;
    internal const short POLLOUT = 4, POLLERR = 8;

    // asm-generic/fcntl.h
    internal const int F_GETFD = 1, F_SETFD = 2, FD_CLOEXEC = 1;

    /// <summary>ioctl(2) with a struct, sys/ioctl.h.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(FileDescriptor fd, nuint request, void* argument);

    /// <summary>ioctl(2) with a number, sys/ioctl.h.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(FileDescriptor fd, nuint request, nuint argument);

    /// <summary>fcntl(2) with a number, fcntl.h.</summary>
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FileControl(int fd, int command, int argument);

    /// <summary>read(2) into memory that does not move.</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(FileDescriptor fd, byte* buffer, nuint length);

    /// <summary>writev(2), sys/uio.h.</summary>
    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    internal static partial nint WriteV(FileDescriptor fd, IoVec* pieces, int count);

    /// <summary>sendmmsg(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static partial int SendMany(FileDescriptor socket, MMsgHdr* messages, uint count, int flags);

    /// <summary>recvmmsg(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int ReceiveMany(FileDescriptor socket, MMsgHdr* messages, uint count, int flags, void* timeout);

    /// <summary>sendmsg(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMessage(int socket, MsgHdr* message, int flags);

    /// <summary>recvmsg(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint ReceiveMessage(int socket, MsgHdr* message, int flags);

    /// <summary>bind(2) to an IPv4 address, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(FileDescriptor socket, in SockAddr_In address, uint length);

    /// <summary>connect(2) to an IPv4 address, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(FileDescriptor socket, in SockAddr_In address, uint length);

    /// <summary>getsockname(2) of an IPv4 socket, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetSocketName(FileDescriptor socket, out SockAddr_In address, ref uint length);

    /// <summary>getsockopt(2) of an int, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSocketOption(FileDescriptor socket, int level, int option, out int value, ref uint length);

    /// <summary>sendto(2) to an IPv4 address, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint SendTo(FileDescriptor socket, in byte buffer, nuint length, int flags, in SockAddr_In address, uint addressLength);

    /// <summary>sendto(2) to an IPv6 address, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint SendTo(FileDescriptor socket, in byte buffer, nuint length, int flags, in SockAddr_In6 address, uint addressLength);
}

/// <summary>struct iovec, bits/types/struct_iovec.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IoVec
{
    public nint iov_base;
    public nuint iov_len;
}

/// <summary>struct msghdr, bits/socket.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MsgHdr
{
    public nint msg_name;
    public uint msg_namelen;
    public nint msg_iov;
    public nuint msg_iovlen;
    public nint msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}

/// <summary>struct mmsghdr, bits/socket.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MMsgHdr
{
    public MsgHdr msg_hdr;
    public uint msg_len;
}

/// <summary>struct cmsghdr, bits/socket.h. Its data follows, aligned to 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CMsgHdr
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}

/// <summary>struct sockaddr_in, netinet/in.h; port and address in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockAddr_In
{
    public ushort sin_family;
    public ushort sin_port;
    public uint sin_addr;
    public ulong sin_zero;
}

/// <summary>struct sockaddr_in6, netinet/in.h; port and address in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SockAddr_In6
{
    public ushort sin6_family;
    public ushort sin6_port;
    public uint sin6_flowinfo;
    public fixed byte sin6_addr[16];
    public uint sin6_scope_id;

    /// <summary>The name of an address, without a port.</summary>
    public static SockAddr_In6 Of(ReadOnlySpan<byte> address)
    {
        var name = new SockAddr_In6 { sin6_family = LibC.AF_INET6 };
        address.CopyTo(new Span<byte>(name.sin6_addr, 16));
        return name;
    }
}
