using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.DataPath;

/// <summary>Reads and changes an inner packet where it lies, of either family. What a family does not have (IPv6: identification, checksum) reads as nothing and is not written.</summary>
/// <remarks>
/// RFC 791. Offsets: 0 version and header length, 1 TOS, 2 total length, 4 identification, 6 flags and fragment offset, 8 TTL, 9 protocol, 10 checksum,
/// 12 source, 16 destination, 20 options.
/// <para>RFC 8200. Offsets: 0 version, traffic class and flow label, 4 payload length, 6 next header, 7 hop limit, 8 source, 24 destination, 40 extension headers.</para>
/// </remarks>
internal static class Packet
{
    public const int HeaderV4 = 20, HeaderV6 = 40;
    public const byte Icmp = 1, Tcp = 6, Udp = 17, IcmpV6 = 58;

    /// <summary>What every way of IPv6 carries (RFC 8200 section 5), bytes.</summary>
    public const int LeastMtuV6 = 1280;

    private const int MoreFragments = 0x2000, OffsetMask = 0x1fff, DontFragmentBit = 0x4000;

    /// <summary>Checks what must hold before any field is believed.</summary>
    /// <param name="packet">The packet, with nothing behind it.</param>
    public static DropReason Check(ReadOnlySpan<byte> packet)
    {
        if (packet.Length > 0 && packet[0] >> 4 is not (4 or 6))
            return DropReason.NotIPv4;
        if (packet.Length == 0 || packet.Length < LeastHeader(packet) || HeaderLength(packet) is var header && (header < LeastHeader(packet) || header > packet.Length))
            return DropReason.Truncated;
        return TotalLength(packet) != packet.Length ? DropReason.WrongLength : DropReason.None;
    }

    public static bool IsV6(ReadOnlySpan<byte> packet) => packet[0] >> 4 == 6;

    /// <summary>Bytes of a header without options and extensions.</summary>
    public static int LeastHeader(ReadOnlySpan<byte> packet) => IsV6(packet) ? HeaderV6 : HeaderV4;

    /// <summary>Bytes of the header, without IPv6's extensions.</summary>
    public static int HeaderLength(ReadOnlySpan<byte> packet) => IsV6(packet) ? HeaderV6 : (packet[0] & 15) * 4;

    public static int TotalLength(ReadOnlySpan<byte> packet)
        => IsV6(packet) ? HeaderV6 + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) : BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);

    public static ushort Identification(ReadOnlySpan<byte> packet) => IsV6(packet) ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);

    /// <summary>Whether it is a fragment. IPv6 says so in an extension, and this is false for it.</summary>
    public static bool IsFragment(ReadOnlySpan<byte> packet) => !IsV6(packet) && (Fragmentation(packet) & (MoreFragments | OffsetMask)) != 0;

    /// <summary>IPv4: whether it begins where the whole packet does.</summary>
    public static bool IsFirstFragment(ReadOnlySpan<byte> packet) => (Fragmentation(packet) & OffsetMask) == 0;

    /// <summary>Whether nobody on the way may fragment it: with IPv6 nobody ever may.</summary>
    public static bool DontFragment(ReadOnlySpan<byte> packet) => IsV6(packet) || (Fragmentation(packet) & DontFragmentBit) != 0;

    /// <summary>IPv4's time to live, IPv6's hop limit.</summary>
    public static byte TimeToLive(ReadOnlySpan<byte> packet) => packet[IsV6(packet) ? 7 : 8];

    /// <summary>IPv4's protocol, IPv6's next header.</summary>
    public static byte Protocol(ReadOnlySpan<byte> packet) => packet[IsV6(packet) ? 6 : 9];

    /// <summary>Source and destination as they lie in the header.</summary>
    public static ReadOnlySpan<byte> Addresses(ReadOnlySpan<byte> packet) => IsV6(packet) ? packet.Slice(8, 32) : packet.Slice(12, 8);

    /// <summary>In host order; IPv4 in the lower 32 bits.</summary>
    public static UInt128 Source(ReadOnlySpan<byte> packet)
        => IsV6(packet) ? BinaryPrimitives.ReadUInt128BigEndian(packet[8..]) : BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);

    /// <summary>In host order; IPv4 in the lower 32 bits.</summary>
    public static UInt128 Destination(ReadOnlySpan<byte> packet)
        => IsV6(packet) ? BinaryPrimitives.ReadUInt128BigEndian(packet[24..]) : BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);

    /// <summary>Whether the header's checksum is right, where there is one.</summary>
    public static bool HasRightChecksum(ReadOnlySpan<byte> packet) => IsV6(packet) || InternetChecksum.IsRight(InternetChecksum.Add(packet[..HeaderLength(packet)]));

    /// <summary>Takes one from the time to live.</summary>
    /// <remarks>RFC 1141: TTL is the upper octet of its word, so the checksum grows by 0x0100.</remarks>
    public static void DecrementTimeToLive(Span<byte> packet)
    {
        if (IsV6(packet))
        {
            packet[7]--;
            return;
        }
        packet[8]--;
        var sum = BinaryPrimitives.ReadUInt16BigEndian(packet[10..]) + 0x0100;
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)(sum + (sum >> 16)));
    }

    /// <summary>Gives it back.</summary>
    public static void RestoreTimeToLive(Span<byte> packet)
    {
        if (IsV6(packet))
        {
            packet[7]++;
            return;
        }
        packet[8]++;
        StoreChecksum(packet);
    }

    /// <summary>Sets total length and identification, and the checksum anew.</summary>
    public static void Resize(Span<byte> header, int totalLength, ushort identification)
    {
        if (IsV6(header))
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(totalLength - HeaderV6));
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalLength);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        StoreChecksum(header);
    }

    private static int Fragmentation(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);

    private static void StoreChecksum(Span<byte> header)
    {
        MemoryMarshal.Write(header[10..], (ushort)0);
        InternetChecksum.Store(header[10..], InternetChecksum.Add(header[..HeaderLength(header)]));
    }
}
