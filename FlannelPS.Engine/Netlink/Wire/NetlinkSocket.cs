using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlannelPS.Engine.Kernel;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>A non-blocking netlink socket that speaks with the kernel alone.</summary>
internal sealed class NetlinkSocket : IDisposable
{
    /// <summary>Opens it in the network namespace of the calling thread, where it stays.</summary>
    /// <param name="receiveBuffer">Bytes; forced beyond the system's limit where we may (CAP_NET_ADMIN), as near as allowed elsewhere.</param>
    /// <param name="protocol">NETLINK_ROUTE, or another of the kernel's.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    internal NetlinkSocket(int receiveBuffer, int protocol = NETLINK_ROUTE)
    {
        Descriptor = LibC.Socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK, protocol);
        var errno = Descriptor.IsInvalid ? LibC.LastErrno : 0;
        if (errno != 0)
            throw new NetlinkException($"socket {Name(protocol)}", errno, null);
        try
        {
            var address = new SockAddr_Nl { nl_family = LibC.AF_NETLINK };
            var length = (uint)Unsafe.SizeOf<SockAddr_Nl>();
            if (LibC.Bind(Descriptor, address, length) < 0)
                throw new NetlinkException($"bind {Name(protocol)}", LibC.LastErrno, null);
            if (LibC.GetSocketName(Descriptor, out address, ref length) < 0)
                throw new NetlinkException($"getsockname {Name(protocol)}", LibC.LastErrno, null);
            PortId = address.nl_pid;
            if (!TrySet(LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, receiveBuffer))
                _ = TrySet(LibC.SOL_SOCKET, LibC.SO_RCVBUF, receiveBuffer);
            // Since Linux 4.3, 4.12 and 4.20. Without them answers are longer, have no text, and filters are ours alone.
            _ = TrySet(LibC.SOL_NETLINK, NETLINK_CAP_ACK, 1);
            _ = TrySet(LibC.SOL_NETLINK, NETLINK_EXT_ACK, 1);
            _ = TrySet(LibC.SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
        }
        catch
        {
            Descriptor.Dispose();
            throw;
        }
    }

    internal FileDescriptor Descriptor { get; }

    /// <summary>nl_pid: the kernel's name for this socket, and what it writes into notifications of changes made through it.</summary>
    internal uint PortId { get; }

    internal bool TrySet(int level, int option, int value) => LibC.SetSocketOption(Descriptor, level, option, value) == 0;

    /// <summary>Returns 0 or the errno. The kernel carries a request out before this returns, so its answers are waiting then.</summary>
    internal int Send(ReadOnlySpan<byte> messages)
    {
        var kernel = new SockAddr_Nl { nl_family = LibC.AF_NETLINK };
        while (true)
        {
            var sent = LibC.SendTo(Descriptor, in MemoryMarshal.GetReference(messages), (nuint)messages.Length, 0, kernel, (uint)Unsafe.SizeOf<SockAddr_Nl>());
            var errno = sent < 0 ? LibC.LastErrno : 0;
            if (errno != Errno.EINTR)
                return errno;
        }
    }

    /// <summary>Takes one waiting datagram; never waits.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="length">Its full length, more than the buffer's when it was cut off.</param>
    /// <returns>0; EAGAIN when nothing is waiting; ENOBUFS, once, when something was lost before.</returns>
    internal int Receive(Span<byte> buffer, out int length)
    {
        while (true)
        {
            var addressLength = (uint)Unsafe.SizeOf<SockAddr_Nl>();
            var received = LibC.ReceiveFrom(Descriptor, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, LibC.MSG_TRUNC, out var sender, ref addressLength);
            var errno = received < 0 ? LibC.LastErrno : 0;
            length = (int)Math.Max(0, received);
            // Another process may write to our port; only port 0 is the kernel.
            if (errno != Errno.EINTR && (errno != 0 || sender.nl_pid == 0))
                return errno;
        }
    }

    public void Dispose() => Descriptor.Dispose();

    private static string Name(int protocol) => protocol == NETLINK_ROUTE ? nameof(NETLINK_ROUTE) : nameof(NETLINK_NETFILTER);
}
