using System.Buffers.Binary;
using FlannelPS.Engine.DataPath;

namespace FlannelPS.Engine.Tests.DataPath;

public sealed class SuperPacketTests
{
    [Theory]
    [InlineData(true, 65_483, 1420)]
    [InlineData(true, 2840, 1420)]
    [InlineData(true, 100, 99)]
    [InlineData(true, 700, 1)]
    [InlineData(false, 4096, 64)]
    [InlineData(false, 65_507, 1444)]
    [InlineData(false, 99, 50)]
    [InlineData(true, 65_475, 1412, true)]
    [InlineData(true, 700, 1, true)]
    [InlineData(false, 4096, 64, true)]
    [InlineData(false, 65_487, 1424, true)]
    [InlineData(false, 99, 50, true)]
    public void Each_segment_is_a_packet_with_right_checksums_and_together_they_are_the_whole(bool tcp, int payload, int segment, bool isV6 = false)
    {
        var (from, to, network) = isV6 ? (Inner.TheirsV6, Inner.OursV6, 40) : (Inner.Theirs, Inner.Ours, 20);
        var packet = tcp ? Inner.Tcp(payload, flags: 0x80 | 0x10 | 8 | 1, options: [], from: from, to: to) : Inner.Udp(payload, from: from, to: to);
        Assert.True(SuperPacket.TryRead(packet, new(true, !tcp ? VirtioHeader.Udp : isV6 ? VirtioHeader.Tcp6 : VirtioHeader.Tcp4, segment, 0, network, tcp ? 16 : 6), out var super));
        Assert.Equal((payload + segment - 1) / segment, super.Count);
        var whole = new List<byte>();
        for (var i = 0; i < super.Count; i++)
        {
            var (offset, length) = super.PayloadOf(i);
            var cut = new byte[super.HeaderLength + length];
            super.WriteHeader(i, cut);
            packet.AsSpan(offset, length).CopyTo(cut.AsSpan(super.HeaderLength));
            Assert.True(Inner.IsRight(cut));
            if (!isV6)
                Assert.Equal((ushort)(1 + i), BinaryPrimitives.ReadUInt16BigEndian(cut.AsSpan(4)));
            if (tcp)
            {
                Assert.Equal(1000u + (uint)(i * segment), BinaryPrimitives.ReadUInt32BigEndian(cut.AsSpan(network + 4)));
                // CWR on the first, FIN and PSH on the last.
                Assert.Equal(0x10 | (i == 0 ? 0x80 : 0) | (i == super.Count - 1 ? 9 : 0), cut[network + 13]);
            }
            whole.AddRange(cut.AsSpan(super.HeaderLength));
        }
        Assert.Equal(packet[super.HeaderLength..], whole);
    }

    [Fact]
    public void F72_A_super_packet_that_makes_no_sense_is_refused()
    {
        var tcp = Inner.Tcp(3000);
        VirtioHeader good = new(true, VirtioHeader.Tcp4, 1400, 52, 20, 16);
        Assert.True(SuperPacket.TryRead(tcp, good, out _));
        Assert.False(SuperPacket.TryRead(tcp, good with { SegmentSize = 0 }, out _));
        Assert.False(SuperPacket.TryRead(tcp, good with { Kind = 3 }, out _));
        Assert.False(SuperPacket.TryRead(tcp, good with { Kind = VirtioHeader.Udp }, out _));
        Assert.False(SuperPacket.TryRead(Inner.Udp(3000), good, out _));
        var tcp6 = Inner.Tcp(3000, from: Inner.TheirsV6, to: Inner.OursV6);
        Assert.True(SuperPacket.TryRead(tcp6, good with { Kind = VirtioHeader.Tcp6 }, out _));
        Assert.False(SuperPacket.TryRead(tcp6, good, out _));
        Assert.False(SuperPacket.TryRead(tcp, good with { Kind = VirtioHeader.Tcp6 }, out _));
        Assert.False(SuperPacket.TryRead(tcp6.AsSpan(0, 59), good with { Kind = VirtioHeader.Tcp6 }, out _));
        Assert.False(SuperPacket.TryRead(tcp.AsSpan(0, 39), good, out _));
        Assert.False(SuperPacket.TryRead(tcp.AsSpan(0, 52), good, out _));
        foreach (var offset in (byte[])[0, 0x40, 0xf0])
        {
            var bad = Inner.Tcp(0, options: []);
            bad[32] = offset;
            Assert.False(SuperPacket.TryRead(bad, good, out _));
        }
        tcp[6] |= 0x20;
        Assert.False(SuperPacket.TryRead(tcp, good, out _));
    }

    [Fact]
    public void A_checksum_that_the_kernel_left_to_us_is_completed_and_a_place_outside_refused()
    {
        foreach (var (packet, network, at) in new[]
            { (Inner.Tcp(99), 20, 16), (Inner.Udp(98), 20, 6), (Inner.Tcp(99, from: Inner.TheirsV6, to: Inner.OursV6), 40, 16), (Inner.Udp(98, from: Inner.TheirsV6, to: Inner.OursV6), 40, 6) })
        {
            var left = packet.ToArray();
            InternetChecksum.StorePartial(left.AsSpan(network + at), InternetChecksum.PseudoHeader(Packet.Addresses(left), Packet.Protocol(left), left.Length - network));
            Assert.True(Checksums.TryComplete(left, new(true, 0, 0, 0, network, at)));
            Assert.Equal(packet, left);
            Assert.False(Checksums.TryComplete(left, new(true, 0, 0, 0, network, left.Length)));
            Assert.False(Checksums.TryComplete(left, new(true, 0, 0, 0, 65535, 65535)));
            Assert.False(Checksums.TryComplete(left, new(true, 0, 0, 0, network - 16, 6)));
        }
    }
}
