using System.Buffers.Binary;

namespace FlannelPS.Engine.DataPath;

/// <summary>ICMP errors over IPv4.</summary>
/// <remarks>RFC 792; RFC 1812 section 4.3.2; RFC 1191 for the MTU.</remarks>
internal static class IcmpV4Message
{
    /// <summary>RFC 1812 section 4.3.2.3: "as much of the original datagram as possible without the length exceeding 576 bytes".</summary>
    public const int Longest = 576;

    private const int HeadersLength = Packet.HeaderV4 + 8;
    private const byte OwnTimeToLive = 64, InternetControl = 0xc0;

    /// <summary>Whether a packet may be answered by an error at all.</summary>
    /// <remarks>RFC 1812 section 4.3.2.7: not an ICMP error, not a later fragment, not for or from an address that is no single host's.</remarks>
    public static bool MayAnswer(ReadOnlySpan<byte> packet)
    {
        var header = Packet.HeaderLength(packet);
        if (!Packet.IsFirstFragment(packet) || !IsHost((uint)Packet.Source(packet)) || (uint)Packet.Destination(packet) >> 28 >= 14)
            return false;
        // Type 3 unreachable, 4 quench, 5 redirect, 11 time exceeded, 12 parameter problem are errors; what is too short to tell may be one.
        return Packet.Protocol(packet) != Packet.Icmp || packet.Length > header && packet[header] is not (3 or 4 or 5 or 11 or 12);
    }

    /// <summary>Writes the whole packet.</summary>
    /// <param name="to">Takes it: <see cref="Longest"/> bytes.</param>
    /// <param name="own">Our address in the overlay, host order.</param>
    /// <param name="error">What to tell.</param>
    /// <param name="mtu">What would fit; told only where it does not.</param>
    /// <param name="about">What to quote.</param>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> to, uint own, IcmpError error, int mtu, ReadOnlySpan<byte> about)
    {
        // Destination unreachable (3): net (0), fragmentation needed (4). Time exceeded (11) in transit (0).
        var (type, code) = error switch { IcmpError.Unreachable => ((byte)3, (byte)0), IcmpError.TooBig => ((byte)3, (byte)4), _ => ((byte)11, (byte)0) };
        var quote = about[..Math.Min(about.Length, Longest - HeadersLength)];
        var length = HeadersLength + quote.Length;
        to = to[..length];
        to[..HeadersLength].Clear();
        to[0] = 0x45;
        to[1] = InternetControl;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)length);
        to[8] = OwnTimeToLive;
        to[9] = Packet.Icmp;
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], own);
        about.Slice(12, 4).CopyTo(to[16..]);
        InternetChecksum.Store(to[10..], InternetChecksum.Add(to[..Packet.HeaderV4]));
        to[20] = type;
        to[21] = code;
        if (error == IcmpError.TooBig)
            BinaryPrimitives.WriteUInt16BigEndian(to[26..], (ushort)mtu);
        quote.CopyTo(to[HeadersLength..]);
        InternetChecksum.Store(to[22..], InternetChecksum.Add(to[Packet.HeaderV4..]));
        return length;
    }

    private static bool IsHost(uint address) => address >> 24 is not (0 or 127) && address >> 28 < 14;
}
