using System.Runtime.InteropServices;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>What stands before a packet of a TUN device with offloads: what is left to do for it.</summary>
/// <remarks>struct virtio_net_hdr, linux/virtio_net.h: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset; host byte order.</remarks>
/// <param name="NeedsChecksum">VIRTIO_NET_HDR_F_NEEDS_CSUM: the checksum field holds the pseudo-header's sum, and the rest is ours.</param>
/// <param name="Kind">gso_type without the ECN bit: what kind of super-packet.</param>
/// <param name="SegmentSize">gso_size: payload bytes of each packet it stands for.</param>
/// <param name="HeaderLength">hdr_len: a hint when read.</param>
/// <param name="ChecksumStart">csum_start: where the sum begins, from the packet's start.</param>
/// <param name="ChecksumOffset">csum_offset: where the checksum is, from there.</param>
internal readonly record struct VirtioHeader(bool NeedsChecksum, byte Kind, int SegmentSize, int HeaderLength, int ChecksumStart, int ChecksumOffset)
{
    public const byte None = TunH.VIRTIO_NET_HDR_GSO_NONE, Tcp4 = TunH.VIRTIO_NET_HDR_GSO_TCPV4, Tcp6 = TunH.VIRTIO_NET_HDR_GSO_TCPV6;

    /// <summary>VIRTIO_NET_HDR_GSO_UDP_L4, not in the headers of Linux before 6.2.</summary>
    public const byte Udp = 5;

    public static VirtioHeader Read(ReadOnlySpan<byte> bytes)
        => new(
            (bytes[0] & TunH.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0, (byte)(bytes[1] & ~TunH.VIRTIO_NET_HDR_GSO_ECN),
            MemoryMarshal.Read<ushort>(bytes[4..]), MemoryMarshal.Read<ushort>(bytes[2..]), MemoryMarshal.Read<ushort>(bytes[6..]), MemoryMarshal.Read<ushort>(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        bytes[0] = NeedsChecksum ? TunH.VIRTIO_NET_HDR_F_NEEDS_CSUM : (byte)0;
        bytes[1] = Kind;
        MemoryMarshal.Write(bytes[2..], (ushort)HeaderLength);
        MemoryMarshal.Write(bytes[4..], (ushort)SegmentSize);
        MemoryMarshal.Write(bytes[6..], (ushort)ChecksumStart);
        MemoryMarshal.Write(bytes[8..], (ushort)ChecksumOffset);
    }
}
