using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>Packets that belong together become one, and cut again they are what they were.</summary>
public sealed class CoalescerTests
{
    private const TunOffload All = TunOffload.Header | TunOffload.Tcp | TunOffload.Udp;

    [Fact]
    public void A_row_of_TCP_segments_becomes_one_packet_and_is_cut_into_the_same_again()
    {
        var packets = Enumerable.Range(0, 44).Select(i => Inner.Tcp(i == 43 ? 700 : 1400, 1000 + (uint)i * 1400, (byte)(i == 43 ? 0x18 : 0x10), (ushort)(1 + i))).ToList();
        AssertJoined(packets, VirtioHeader.Tcp4, 1400);
    }

    [Fact]
    public void A_row_of_TCP_segments_over_IPv6_does_too()
        => AssertJoined(
            [.. Enumerable.Range(0, 44).Select(i => Inner.Tcp(i == 43 ? 700 : 1400, 1000 + (uint)i * 1400, (byte)(i == 43 ? 0x18 : 0x10), from: Inner.TheirsV6, to: Inner.OursV6))],
            VirtioHeader.Tcp6, 1400);

    [Theory]
    [InlineData(Inner.Theirs, Inner.Ours)]
    [InlineData(Inner.TheirsV6, Inner.OursV6)]
    public void A_burst_of_equal_datagrams_becomes_one_packet_and_is_cut_into_the_same_again(string from, string to)
        => AssertJoined([.. Enumerable.Range(0, 64).Select(i => Inner.Udp(64, id: (ushort)(1 + i), seed: (uint)i, from: from, to: to))], VirtioHeader.Udp, 64);

    [Theory]
    [InlineData("another flow")]
    [InlineData("another host")]
    [InlineData("another hop limit")]
    [InlineData("another traffic class")]
    [InlineData("another flow label")]
    [InlineData("an extension header")]
    [InlineData("a wrong checksum")]
    [InlineData("the other family")]
    public void What_does_not_belong_together_over_IPv6_stays_as_it_is_and_in_order(string difference)
    {
        var first = Inner.Tcp(1400, from: Inner.TheirsV6, to: Inner.OursV6);
        var second = difference switch
        {
            "another flow" => Inner.Tcp(1400, 2400, port: 40001, from: Inner.TheirsV6, to: Inner.OursV6),
            "another host" => Inner.Tcp(1400, 2400, from: "fd00:5:0:2::a", to: Inner.OursV6),
            "another hop limit" => Inner.Tcp(1400, 2400, ttl: 59, from: Inner.TheirsV6, to: Inner.OursV6),
            "another traffic class" => Inner.Tcp(1400, 2400, tos: 2, from: Inner.TheirsV6, to: Inner.OursV6),
            // 20 bytes of options make its header as long as the other family's.
            "the other family" => Inner.Tcp(1400, 2400, options: [.. Enumerable.Repeat((byte)1, 32)]),
            _ => Inner.Tcp(1400, 2400, from: Inner.TheirsV6, to: Inner.OursV6),
        };
        if (difference == "another flow label")
            second[3] ^= 1;
        if (difference == "a wrong checksum")
            second[100] ^= 1;
        if (difference == "an extension header")
            second = Inner.Ip(60, [6, 0, 1, 4, 0, 0, 0, 0, .. second[40..]], -1, 1, Inner.TheirsV6, Inner.OursV6, 60, false);
        Assert.Equal([first, second], Write(All, [first, second]).Select(written => written[10..]));
    }

    [Theory]
    [InlineData("another flow")]
    [InlineData("a gap")]
    [InlineData("another acknowledgement")]
    [InlineData("another window")]
    [InlineData("other options")]
    [InlineData("another TTL")]
    [InlineData("another TOS")]
    [InlineData("no DF")]
    [InlineData("longer")]
    [InlineData("a wrong checksum")]
    [InlineData("a wrong checksum of the first")]
    [InlineData("FIN")]
    [InlineData("SYN")]
    [InlineData("no payload")]
    [InlineData("behind PSH")]
    [InlineData("behind a short one")]
    [InlineData("a fragment")]
    public void What_does_not_belong_together_stays_as_it_is_and_in_order(string difference)
    {
        var first = Inner.Tcp(1400, flags: difference == "behind PSH" ? (byte)0x18 : (byte)0x10);
        if (difference == "behind a short one")
            first = Inner.Tcp(1000);
        var next = 1000u + (uint)(first.Length - 52);
        var second = difference switch
        {
            "another flow" => Inner.Tcp(1400, next, id: 2, port: 40001),
            "a gap" => Inner.Tcp(1400, next + 1, id: 2),
            "another acknowledgement" => Inner.Tcp(1400, next, id: 2, ack: 78),
            "another window" => Inner.Tcp(1400, next, id: 2, window: 501),
            "other options" => Inner.Tcp(1400, next, id: 2, options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 3]),
            "another TTL" => Inner.Tcp(1400, next, id: 2, ttl: 59),
            "another TOS" => Inner.Tcp(1400, next, id: 2, tos: 2),
            "no DF" => Inner.Tcp(1400, next, id: 2, df: false),
            "longer" => Inner.Tcp(1404, next, id: 2),
            "FIN" => Inner.Tcp(1400, next, 0x11, 2),
            "SYN" => Inner.Tcp(1400, next, 0x12, 2),
            "no payload" => Inner.Tcp(0, next, id: 2),
            _ => Inner.Tcp(1400, next, id: 2),
        };
        if (difference.StartsWith("a wrong checksum", StringComparison.Ordinal))
            (difference.EndsWith("first", StringComparison.Ordinal) ? first : second)[100] ^= 1;
        if (difference == "a fragment")
        {
            second[6] |= 0x20;
            Packet.Resize(second, second.Length, 2);
        }
        Assert.Equal([first, second], Write(All, [first, second]).Select(written => written[10..]));
    }

    [Fact]
    public void Without_DF_only_consecutive_identifications_are_joined()
    {
        byte[] first = Inner.Udp(64, id: 7, df: false), second = Inner.Udp(64, id: 8, df: false), third = Inner.Udp(64, id: 10, df: false);
        var written = Write(All, [first, second, third]);
        Assert.Equal(2, written.Count);
        Assert.Equal([first, second], Cut(written[0]));
        Assert.Equal(third, written[1][10..]);
    }

    [Fact]
    public void A_datagram_without_checksum_is_left_alone()
    {
        var packets = Enumerable.Range(0, 3).Select(i => Inner.Udp(64, id: (ushort)i, checksum: false)).ToList();
        Assert.Equal(packets, Write(All, packets).Select(written => written[10..]));
    }

    [Fact]
    public void Without_offloads_each_packet_is_written_as_it_is()
    {
        List<byte[]> packets = [Inner.Tcp(1400), Inner.Tcp(1400, 2400, id: 2), Inner.Udp(64), Inner.Udp(64, id: 2)];
        Assert.Equal(packets, Write(TunOffload.None, packets));
        Assert.Equal(packets, Write(TunOffload.Header, packets).Select(written => written[10..]));
        Assert.Equal(3, Write(TunOffload.Header | TunOffload.Tcp, packets).Count);
    }

    [Fact]
    public void F72_Random_rows_of_packets_come_out_whole_and_each_flow_in_order()
    {
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            var (sequence, id, isV6) = (new uint[3], (ushort)random.Next(65536), round % 2 == 1);
            var (from, to) = isV6 ? (Inner.TheirsV6, Inner.OursV6) : (Inner.Theirs, Inner.Ours);
            var packets = new List<byte[]>();
            for (var i = random.Next(1, 60); i > 0; i--)
            {
                var flow = random.Next(3) * random.Next(2);
                var length = random.Next(3) == 0 ? random.Next(1, 1400) : 1400;
                packets.Add(flow == 2
                    ? Inner.Udp(length, id: id++, seed: (uint)random.Next(100), from: from, to: to)
                    : Inner.Tcp(length, sequence[flow], random.Next(9) == 0 ? (byte)0x18 : (byte)0x10, id++, port: (ushort)(40000 + flow), from: from, to: to));
                sequence[flow] += (uint)length;
            }
            // Nothing overtakes: all packets are the same, in the same order.
            Assert.Equal(packets, Write(All, packets).SelectMany(Cut));
        }
    }

    private static void AssertJoined(List<byte[]> packets, byte kind, int segment)
    {
        var written = Assert.Single(Write(All, packets));
        var header = VirtioHeader.Read(written);
        Assert.Equal((kind, segment, true), (header.Kind, header.SegmentSize, header.NeedsChecksum));
        Assert.Equal(written.Length - 10, Packet.TotalLength(written.AsSpan(10)));
        Assert.Equal(packets, Cut(written));
        // What the kernel starts from to complete the checksum.
        var whole = written[10..];
        Assert.True(Checksums.TryComplete(whole, header));
        Assert.Equal(0, Inner.Checksum(Inner.WithPseudoHeader(whole)));
    }

    internal static List<byte[]> Write(TunOffload offload, IReadOnlyList<byte[]> packets)
    {
        using var pipe = new PacketPipe(offload);
        using var stop = new StopEvent();
        using var buffer = new NativeBuffer(1 << 20);
        using var coalescer = new Coalescer(pipe.Device, stop, new());
        var written = new List<byte[]>();
        var offset = 0;
        foreach (var packet in packets)
        {
            packet.CopyTo(buffer.Slice(offset, packet.Length));
            Assert.Equal(0, coalescer.Add(buffer, offset, packet.Length));
            offset += packet.Length + 3;
            written.AddRange(pipe.ReadAll());
        }
        Assert.Equal(0, coalescer.Flush());
        written.AddRange(pipe.ReadAll());
        return written;
    }

    internal static IEnumerable<byte[]> Cut(byte[] written)
    {
        var (header, packet) = (VirtioHeader.Read(written), written[10..]);
        if (header.Kind == VirtioHeader.None)
            return [packet];
        Assert.True(SuperPacket.TryRead(packet, header, out var super));
        var packets = new List<byte[]>();
        for (var i = 0; i < super.Count; i++)
        {
            var (offset, length) = super.PayloadOf(i);
            var cut = new byte[super.HeaderLength + length];
            super.WriteHeader(i, cut);
            packet.AsSpan(offset, length).CopyTo(cut.AsSpan(super.HeaderLength));
            packets.Add(cut);
        }
        return packets;
    }
}
