using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Sends whole packets of one family as if this host had made them. Receives nothing.</summary>
/// <remarks>raw(7), ipv6(7): IPPROTO_RAW implies IP_HDRINCL, and the same for IPv6; the kernel fills in the IPv4 header's checksum. Needs CAP_NET_RAW.</remarks>
public sealed class RawSocket : IDisposable
{
    private readonly FileDescriptor _descriptor;

    private RawSocket(FileDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>Opens it in the network namespace of the calling thread; null where we may not, or the kernel lacks the family.</summary>
    /// <param name="family">IPv4 or IPv6.</param>
    public static RawSocket? TryOpen(AddressFamily family)
    {
        var descriptor = LibC.Socket(family == AddressFamily.InterNetwork ? LibC.AF_INET : LibC.AF_INET6, LibC.SOCK_RAW | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, UdpH.IPPROTO_RAW);
        return descriptor.IsInvalid ? null : new(descriptor);
    }

    /// <summary>Sends a packet, or tells why not.</summary>
    /// <param name="packet">With its header.</param>
    /// <param name="destination">4 or 16 octets.</param>
    /// <returns>0 or the errno.</returns>
    public int Send(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> destination)
    {
        ref readonly var first = ref MemoryMarshal.GetReference(packet);
        var sent = destination.Length == 4
            ? LibC.SendTo(_descriptor, in first, (nuint)packet.Length, LibC.MSG_DONTWAIT, UdpSocket.Name(BinaryPrimitives.ReadUInt32BigEndian(destination), 0), (uint)Unsafe.SizeOf<SockAddr_In>())
            : LibC.SendTo(_descriptor, in first, (nuint)packet.Length, LibC.MSG_DONTWAIT, SockAddr_In6.Of(destination), (uint)Unsafe.SizeOf<SockAddr_In6>());
        return sent < 0 ? LibC.LastErrno : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
