using System.Buffers.Binary;
using System.Text;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Probing;

/// <summary>An ICMP echo packet of ours, as read from the wire.</summary>
/// <param name="IsReply">Whether it answers one of ours; else it is a peer's own request.</param>
/// <param name="Source">Who sent it, IPv4 in host order.</param>
/// <param name="Identifier">Of the run that asked.</param>
/// <param name="Sequence">Of the request.</param>
/// <param name="Cookie">What nobody can answer who has not seen the request.</param>
/// <param name="HostName">Who asks.</param>
/// <param name="Version">With what.</param>
internal readonly record struct ProbePacket(bool IsReply, uint Source, ushort Identifier, ushort Sequence, ulong Cookie, string HostName, string Version)
{
    /// <summary>Bytes of the shortest packet, from the IPv4 header on.</summary>
    public const int Short = IPv4Header + IcmpHeader + DataLength;

    /// <summary>"FlPS": what the data of each request begins with, and so of each reply.</summary>
    public const uint Mark = 0x466c5053;

    private const int IPv4Header = 20, IcmpHeader = 8;

    // mark 4, format 1, spare 3, cookie 8, host name 1 + 32, version 1 + 14
    private const int CookieAt = 8, HostAt = 16, HostLength = 32, VersionAt = HostAt + 1 + HostLength, VersionLength = 14, DataLength = VersionAt + 1 + VersionLength;
    private const byte Format = 1;

    /// <summary>Writes a request from the ICMP header on.</summary>
    /// <param name="into">As long as it shall be; what is behind the data is filling.</param>
    /// <param name="identifier">Of this run.</param>
    /// <param name="sequence">Of this request.</param>
    /// <param name="cookie">Of this request.</param>
    /// <param name="hostName">Who asks; cut where it is too long.</param>
    /// <param name="version">With what; cut where it is too long.</param>
    public static void WriteRequest(Span<byte> into, ushort identifier, ushort sequence, ulong cookie, string hostName, string version)
    {
        into.Clear();
        into[0] = IcmpH.ICMP_ECHO;
        BinaryPrimitives.WriteUInt16BigEndian(into[4..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(into[6..], sequence);
        var data = into[IcmpHeader..];
        BinaryPrimitives.WriteUInt32BigEndian(data, Mark);
        data[4] = Format;
        BinaryPrimitives.WriteUInt64BigEndian(data[CookieAt..], cookie);
        Write(data[HostAt..], hostName, HostLength);
        Write(data[VersionAt..], version, VersionLength);
        InternetChecksum.Store(into[2..], InternetChecksum.Add(into));
    }

    /// <summary>Reads a packet that came in; null for anything else.</summary>
    /// <param name="packet">From its IPv4 header on; the end may be missing.</param>
    public static ProbePacket? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < IPv4Header || packet[0] >> 4 != 4 || (packet[0] & 15) * 4 is var header && (header < IPv4Header || packet.Length < header + IcmpHeader + DataLength))
            return null;
        var icmp = packet[header..];
        var data = icmp[IcmpHeader..];
        if (icmp[0] is not (IcmpH.ICMP_ECHO or IcmpH.ICMP_ECHOREPLY) || BinaryPrimitives.ReadUInt32BigEndian(data) != Mark || data[4] != Format)
            return null;
        var isReply = icmp[0] == IcmpH.ICMP_ECHOREPLY;
        return new(
            isReply, BinaryPrimitives.ReadUInt32BigEndian(packet[12..]), BinaryPrimitives.ReadUInt16BigEndian(icmp[4..]), BinaryPrimitives.ReadUInt16BigEndian(icmp[6..]),
            BinaryPrimitives.ReadUInt64BigEndian(data[CookieAt..]), isReply ? "" : Read(data[HostAt..], HostLength), isReply ? "" : Read(data[VersionAt..], VersionLength));
    }

    private static void Write(Span<byte> into, string text, int limit)
        => into[0] = (byte)Encoding.ASCII.GetBytes(text.AsSpan(0, Math.Min(text.Length, limit)), into.Slice(1, limit));

    /// <summary>A name as hosts and versions have it. Any workload of a peer's might have sent this: what a terminal could obey is left out.</summary>
    private static string Read(ReadOnlySpan<byte> from, int limit)
    {
        var bytes = from.Slice(1, Math.Min(from[0], limit));
        foreach (var one in bytes)
            if (!char.IsAsciiLetterOrDigit((char)one) && one is not ((byte)'.' or (byte)'-' or (byte)'_'))
                return "";
        return Encoding.ASCII.GetString(bytes);
    }
}
