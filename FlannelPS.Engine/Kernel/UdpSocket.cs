using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static FlannelPS.Engine.Kernel.UdpH;

namespace FlannelPS.Engine.Kernel;

/// <summary>A bound UDP socket over IPv4 that never waits, with DF on all it sends.</summary>
/// <remarks>udp(7), ip(7).</remarks>
public sealed class UdpSocket : IDisposable
{
    /// <summary>The default of 208 KiB loses whole bursts.</summary>
    private const int BufferLength = 4 << 20;

    private UdpSocket(FileDescriptor descriptor, bool canSegment, bool coalesces)
        => (Descriptor, CanSegment, Coalesces) = (descriptor, canSegment, coalesces);

    /// <summary>The descriptor.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>UDP_SEGMENT: the kernel cuts one long message into many datagrams. Since Linux 4.18.</summary>
    public bool CanSegment { get; }

    /// <summary>UDP_GRO: datagrams of one sender come as one long message. Since Linux 5.0.</summary>
    public bool Coalesces { get; }

    /// <summary>Opens it in the network namespace of the calling thread.</summary>
    /// <param name="address">IPv4 address of this host.</param>
    /// <param name="port">Port.</param>
    /// <param name="offload">Whether to use what the kernel has of segmentation and coalescing.</param>
    /// <exception cref="FileException">The address is not ours (EADDRNOTAVAIL), or the port is taken (EADDRINUSE).</exception>
    public static UdpSocket Open(IPAddress address, ushort port, bool offload)
    {
        var descriptor = LibC.Socket(LibC.AF_INET, LibC.SOCK_DGRAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0);
        var errno = descriptor.IsInvalid ? LibC.LastErrno : 0;
        if (errno != 0)
            throw new FileException("A UDP socket cannot be made", errno);
        var bound = LibC.Bind(descriptor, Name(address, port), (uint)Unsafe.SizeOf<SockAddr_In>());
        errno = bound < 0 ? LibC.LastErrno : 0;
        if (errno == 0)
            return SetUp(descriptor, offload);
        descriptor.Dispose();
        throw new FileException($"UDP port {port} of {address} cannot be bound", errno);
    }

    /// <summary>Takes over a descriptor that another process opened.</summary>
    /// <param name="descriptor">Owned from now on, whatever comes out.</param>
    /// <param name="address">What it has to be bound to.</param>
    /// <param name="port">What it has to be bound to.</param>
    /// <param name="offload">As in <see cref="Open"/>.</param>
    /// <returns>Null when it is something else.</returns>
    public static UdpSocket? TryAdopt(FileDescriptor descriptor, IPAddress address, ushort port, bool offload)
    {
        var length = (uint)Unsafe.SizeOf<SockAddr_In>();
        var wanted = Name(address, port);
        if (LibC.GetSocketName(descriptor, out SockAddr_In name, ref length) == 0
            && (name.sin_family, name.sin_port, name.sin_addr) == (wanted.sin_family, wanted.sin_port, wanted.sin_addr))
            return SetUp(descriptor, offload);
        descriptor.Dispose();
        return null;
    }

    /// <summary>Whether what is too long for the way goes in fragments of the outer packet, or is refused (EMSGSIZE).</summary>
    public void SetFragments(bool allowed) => _ = TrySet(Descriptor, IPPROTO_IP, IP_MTU_DISCOVER, allowed ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO);

    /// <summary>What the kernel knows of the way to a host, bytes of an outer packet; 0 for nothing.</summary>
    public static int PathMtu(uint address, ushort port)
    {
        // Asked of a socket of its own: only a connected one tells.
        using var probe = LibC.Socket(LibC.AF_INET, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);
        var length = (uint)sizeof(int);
        return !probe.IsInvalid && LibC.Connect(probe, Name(address, port), (uint)Unsafe.SizeOf<SockAddr_In>()) == 0
            && LibC.GetSocketOption(probe, IPPROTO_IP, IP_MTU, out var mtu, ref length) == 0 ? mtu : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    internal static SockAddr_In Name(uint address, ushort port) => new()
    {
        sin_family = LibC.AF_INET,
        sin_port = BinaryPrimitives.ReverseEndianness(port),
        sin_addr = BinaryPrimitives.ReverseEndianness(address),
    };

    internal static SockAddr_In Name(IPAddress address, ushort port) => Name(BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()), port);

    private static UdpSocket SetUp(FileDescriptor descriptor, bool offload)
    {
        foreach (var (forced, plain) in new[] { (LibC.SO_RCVBUFFORCE, LibC.SO_RCVBUF), (LibC.SO_SNDBUFFORCE, LibC.SO_SNDBUF) })
            if (!TrySet(descriptor, LibC.SOL_SOCKET, forced, BufferLength))
                _ = TrySet(descriptor, LibC.SOL_SOCKET, plain, BufferLength);
        _ = TrySet(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
        // 0 asks nothing of a socket, and is refused where the option is not known.
        var canSegment = offload && TrySet(descriptor, SOL_UDP, UDP_SEGMENT, 0);
        // An adopted socket may have it on from its last owner.
        var coalesces = TrySet(descriptor, SOL_UDP, UDP_GRO, offload ? 1 : 0) && offload;
        return new(descriptor, canSegment, coalesces);
    }

    private static bool TrySet(FileDescriptor socket, int level, int option, int value) => LibC.SetSocketOption(socket, level, option, value) == 0;
}
