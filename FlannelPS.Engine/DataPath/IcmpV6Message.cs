using System.Buffers.Binary;

namespace FlannelPS.Engine.DataPath;

/// <summary>ICMP errors over IPv6.</summary>
/// <remarks>RFC 4443 sections 2.4 and 3.</remarks>
internal static class IcmpV6Message
{
    /// <summary>RFC 4443 section 2.4 (c): as much of the packet as fits the least MTU of IPv6.</summary>
    public const int Longest = Packet.LeastMtuV6;

    /// <summary>How much of a packet that is, bytes.</summary>
    public const int MaximumQuote = Longest - HeadersLength;

    private const int HeadersLength = Packet.HeaderV6 + 8, FragmentHeader = 8;
    private const byte OwnHopLimit = 64, Redirect = 137;
    private const byte HopByHop = 0, Routing = 43, Fragment = 44, Authentication = 51, DestinationOptions = 60;

    /// <summary>Whether a packet may be answered by an error at all.</summary>
    /// <remarks>RFC 4443 section 2.4 (e): not an ICMP error or redirect, not for many, not from an address that is no single host's or means nothing beyond its link.</remarks>
    public static bool MayAnswer(ReadOnlySpan<byte> packet)
    {
        var source = packet.Slice(8, 16);
        if (packet[24] == 0xff || source[0] == 0xff || source[0] == 0xfe && (source[1] & 0xc0) == 0x80 || Packet.Source(packet) <= 1)
            return false;
        // What is too short to tell what it is may be an error.
        return Upper(packet, out var at) is var protocol && protocol >= 0
            && (protocol != Packet.IcmpV6 || at < packet.Length && packet[at] is >= 128 and not Redirect);
    }

    /// <summary>Writes the whole packet.</summary>
    /// <param name="to">Takes it: <see cref="Longest"/> bytes.</param>
    /// <param name="own">Our address in the overlay, host order.</param>
    /// <param name="error">What to tell.</param>
    /// <param name="mtu">What would fit; told only where it does not.</param>
    /// <param name="about">What to quote.</param>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> to, UInt128 own, IcmpError error, int mtu, ReadOnlySpan<byte> about)
    {
        var quote = about[..Math.Min(about.Length, MaximumQuote)];
        var length = HeadersLength + quote.Length;
        to = to[..length];
        to[..HeadersLength].Clear();
        to[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], (ushort)(length - Packet.HeaderV6));
        to[6] = Packet.IcmpV6;
        to[7] = OwnHopLimit;
        BinaryPrimitives.WriteUInt128BigEndian(to[8..], own);
        about.Slice(8, 16).CopyTo(to[24..]);
        // Destination unreachable (1), no route (0); packet too big (2); time exceeded (3), hop limit (0).
        to[40] = error switch { IcmpError.Unreachable => 1, IcmpError.TooBig => 2, _ => 3 };
        if (error == IcmpError.TooBig)
            BinaryPrimitives.WriteUInt32BigEndian(to[44..], (uint)mtu);
        quote.CopyTo(to[HeadersLength..]);
        InternetChecksum.Store(to[42..], InternetChecksum.Add(to[Packet.HeaderV6..], InternetChecksum.PseudoHeader(Packet.Addresses(to), Packet.IcmpV6, length - Packet.HeaderV6)));
        return length;
    }

    /// <summary>Goes over the extension headers.</summary>
    /// <param name="packet">Checked, or the beginning of a checked one.</param>
    /// <param name="at">Where the upper protocol begins; behind the end when the packet ends before.</param>
    /// <returns>The upper protocol; -1 where it cannot be told: in a later fragment, or behind the end.</returns>
    private static int Upper(ReadOnlySpan<byte> packet, out int at)
    {
        var next = Packet.Protocol(packet);
        at = Packet.HeaderV6;
        while (next is HopByHop or Routing or Fragment or Authentication or DestinationOptions)
        {
            if (at + FragmentHeader > packet.Length)
                return -1;
            // The offset is the upper 13 bits.
            if (next == Fragment && BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]) >> 3 != 0)
                return -1;
            // Lengths in 8 bytes without the first 8; that of an authentication header in 4 bytes, without the first 8 (RFC 4302).
            var length = next switch { Fragment => FragmentHeader, Authentication => (packet[at + 1] + 2) * 4, _ => (packet[at + 1] + 1) * 8 };
            next = packet[at];
            at += length;
        }
        return next;
    }
}
