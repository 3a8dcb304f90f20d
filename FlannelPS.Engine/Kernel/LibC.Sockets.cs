using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    // linux/socket.h, linux/net.h, asm-generic/socket.h
    internal const int AF_UNSPEC = 0, AF_INET = 2, AF_BRIDGE = 7, AF_INET6 = 10, AF_NETLINK = 16;
    internal const int SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1, SOL_NETLINK = 270;
    internal const int SO_RCVBUF = 8, SO_PEERCRED = 17, SO_RCVBUFFORCE = 33;
    internal const int MSG_TRUNC = 0x20;
    internal const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;
    internal const short POLLIN = 1;

    /// <summary>socket(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial FileDescriptor Socket(int domain, int type, int protocol);

    /// <summary>bind(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(FileDescriptor socket, in SockAddr_Nl address, uint length);

    /// <summary>getsockname(2), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetSocketName(FileDescriptor socket, out SockAddr_Nl address, ref uint length);

    /// <summary>setsockopt(2) of an int, sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSocketOption(FileDescriptor socket, int level, int option, in int value, uint length = sizeof(int));

    /// <summary>sendto(2) of one datagram to the given netlink port (0 is the kernel), sys/socket.h.</summary>
    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint SendTo(FileDescriptor socket, in byte buffer, nuint length, int flags, in SockAddr_Nl address, uint addressLength);

    /// <summary>recvfrom(2), sys/socket.h. With MSG_TRUNC the datagram's true length comes back, also when the buffer was shorter.</summary>
    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    internal static partial nint ReceiveFrom(FileDescriptor socket, ref byte buffer, nuint length, int flags, out SockAddr_Nl address, ref uint addressLength);

    /// <summary>eventfd(2), sys/eventfd.h.</summary>
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial FileDescriptor EventFd(uint value, int flags);

    /// <summary>poll(2), poll.h. The caller keeps the descriptors open.</summary>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(ref PollFd first, nuint count, int timeoutMilliseconds);
}

/// <summary>struct sockaddr_nl, linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockAddr_Nl
{
    public ushort nl_family;
    public ushort nl_pad;
    public uint nl_pid;
    public uint nl_groups;
}

/// <summary>struct pollfd, poll.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int fd;
    public short events;
    public short revents;
}

/// <summary>struct ucred, linux/socket.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UCred
{
    public int pid;
    public uint uid;
    public uint gid;
}
