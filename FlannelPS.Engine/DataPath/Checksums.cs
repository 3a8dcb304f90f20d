using System.Runtime.InteropServices;

namespace FlannelPS.Engine.DataPath;

/// <summary>TCP's and UDP's checksums inside a packet.</summary>
internal static class Checksums
{
    /// <summary>Where a TCP header has its checksum, and where a UDP header has it.</summary>
    public const int TcpAt = 16, UdpAt = 6;

    /// <summary>Writes a checksum; UDP's 0 would mean "none", so it is written as its other form (RFC 768).</summary>
    public static void Store(Span<byte> to, ulong sum, bool isUdp)
    {
        var value = (ushort)~InternetChecksum.Fold(sum);
        MemoryMarshal.Write(to, value == 0 && isUdp ? (ushort)0xffff : value);
    }

    /// <summary>Does what the kernel left to us: the checksum field holds the pseudo-header's sum.</summary>
    /// <returns>False when it makes no sense.</returns>
    public static bool TryComplete(Span<byte> packet, VirtioHeader offload)
    {
        var at = offload.ChecksumStart + offload.ChecksumOffset;
        if (offload.ChecksumStart < Packet.LeastHeader(packet) || at + sizeof(ushort) > packet.Length)
            return false;
        // By its place, because behind IPv6's extensions the protocol is not told where we look.
        Store(packet[at..], InternetChecksum.Add(packet[offload.ChecksumStart..]), isUdp: offload.ChecksumOffset == UdpAt);
        return true;
    }

    /// <summary>Whether TCP's or UDP's checksum is right.</summary>
    /// <param name="packet">Checked, without options and extensions, no fragment.</param>
    public static bool IsRight(ReadOnlySpan<byte> packet)
    {
        var transport = packet[Packet.LeastHeader(packet)..];
        return InternetChecksum.IsRight(InternetChecksum.Add(transport, InternetChecksum.PseudoHeader(Packet.Addresses(packet), Packet.Protocol(packet), transport.Length)));
    }
}
