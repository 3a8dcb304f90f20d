using System.Buffers.Binary;
using System.Net;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>Packets of both families made by hand, and looked at without the engine's arithmetic. The addresses decide which family.</summary>
internal static class Inner
{
    public const string Ours = "10.5.1.7", Theirs = "10.5.2.9", OursV6 = "fd00:5:0:1::7", TheirsV6 = "fd00:5:0:2::9";

    public static byte[] Tcp(int payload, uint sequence = 1000, byte flags = 0x10, ushort id = 1, string from = Theirs, string to = Ours, byte ttl = 60, bool df = true, ushort port = 40000, uint ack = 77, ushort window = 500, byte[]? options = null, byte tos = 0)
    {
        options ??= [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
        var segment = new byte[20 + options.Length + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), 5201);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), ack);
        segment[12] = (byte)((20 + options.Length) / 4 << 4);
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), window);
        options.CopyTo(segment, 20);
        Fill(segment.AsSpan(20 + options.Length), sequence);
        return Ip(6, segment, 16, id, from, to, ttl, df, tos);
    }

    public static byte[] Udp(int payload, ushort port = 40000, ushort id = 1, string from = Theirs, string to = Ours, byte ttl = 60, uint seed = 5, bool checksum = true, bool df = true)
    {
        var datagram = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), 7000);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        Fill(datagram.AsSpan(8), seed);
        return Ip(17, datagram, checksum ? 6 : -1, id, from, to, ttl, df);
    }

    public static byte[] Icmp(byte type, int length = 40, string from = Theirs, string to = Ours, byte ttl = 60)
    {
        var message = new byte[length];
        message[0] = type;
        if (from.Contains(':'))
            return Ip(58, message, 2, 1, from, to, ttl, false);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return Ip(1, message, -1, 1, from, to, ttl, false);
    }

    public static byte[] Ip(byte protocol, byte[] body, int checksumAt, ushort id, string from, string to, byte ttl, bool df, byte tos = 0)
    {
        var header = from.Contains(':') ? 40 : 20;
        var packet = new byte[header + body.Length];
        body.CopyTo(packet, header);
        if (header == 40)
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet, 6u << 28 | (uint)tos << 20 | 0x5_1234);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)body.Length);
            (packet[6], packet[7]) = (protocol, ttl);
            IPAddress.Parse(from).TryWriteBytes(packet.AsSpan(8), out _);
            IPAddress.Parse(to).TryWriteBytes(packet.AsSpan(24), out _);
        }
        else
        {
            (packet[0], packet[1]) = (0x45, tos);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), id);
            packet[6] = df ? (byte)0x40 : (byte)0;
            (packet[8], packet[9]) = (ttl, protocol);
            IPAddress.Parse(from).TryWriteBytes(packet.AsSpan(12), out _);
            IPAddress.Parse(to).TryWriteBytes(packet.AsSpan(16), out _);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20)));
        }
        if (checksumAt >= 0)
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(header + checksumAt), Checksum(WithPseudoHeader(packet)) is 0 && protocol == 17 ? ushort.MaxValue : Checksum(WithPseudoHeader(packet)));
        return packet;
    }

    /// <summary>RFC 1071, word by word: the oracle.</summary>
    public static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            sum += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (ushort)~((sum & 0xffff) + (sum >> 16));
    }

    /// <summary>Whether all checksums are right, and the lengths agree.</summary>
    public static bool IsRight(ReadOnlySpan<byte> packet)
    {
        var (isV6, header) = packet[0] >> 4 == 6 ? (true, 40) : (false, 20);
        if (isV6 ? BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != packet.Length - 40 : BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) != packet.Length || Checksum(packet[..20]) != 0)
            return false;
        return packet[isV6 ? 6 : 9] switch
        {
            6 or 58 => Checksum(WithPseudoHeader(packet)) == 0,
            17 => !isV6 && BinaryPrimitives.ReadUInt16BigEndian(packet[26..]) == 0
                || Checksum(WithPseudoHeader(packet)) == 0 && BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 4)..]) == packet.Length - header,
            1 => Checksum(packet[20..]) == 0,
            _ => true,
        };
    }

    public static byte[] WithPseudoHeader(ReadOnlySpan<byte> packet)
        => packet[0] >> 4 == 6
            ? [.. packet[8..40], 0, 0, (byte)((packet.Length - 40) >> 8), (byte)(packet.Length - 40), 0, 0, 0, packet[6], .. packet[40..]]
            : [.. packet[12..20], 0, packet[9], (byte)((packet.Length - 20) >> 8), (byte)(packet.Length - 20), .. packet[20..]];

    private static void Fill(Span<byte> payload, uint seed)
    {
        for (var i = 0; i < payload.Length; i++)
            payload[i] = (byte)(seed * 31 + i * 7 + i / 256);
    }
}
