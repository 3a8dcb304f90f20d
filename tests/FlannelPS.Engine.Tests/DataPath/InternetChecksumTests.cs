using FlannelPS.Engine.DataPath;

namespace FlannelPS.Engine.Tests.DataPath;

public sealed class InternetChecksumTests
{
    [Fact]
    public void Any_bytes_at_any_place_have_the_sum_that_RFC_1071_gives_them()
    {
        var random = new Random(4);
        var buffer = new byte[70_000];
        foreach (var length in Enumerable.Range(0, 300).Concat([1399, 1472, 4096, 65_535]))
        {
            var offset = random.Next(64);
            var bytes = buffer.AsSpan(offset, length);
            random.NextBytes(bytes);
            if (length % 7 == 0)
                bytes.Fill(0xff);
            var stored = new byte[2];
            InternetChecksum.Store(stored, InternetChecksum.Add(bytes));
            Assert.Equal(Inner.Checksum(bytes), (ushort)(stored[0] << 8 | stored[1]));
        }
    }

    [Fact]
    public void A_sum_can_be_taken_in_even_parts_and_completed_from_the_pseudo_header()
    {
        var packet = Inner.Tcp(1001);
        var sum = InternetChecksum.PseudoHeader(packet.AsSpan(12, 8), 6, packet.Length - 20);
        sum = InternetChecksum.Add(packet.AsSpan(20, 32), sum);
        Assert.True(InternetChecksum.IsRight(InternetChecksum.Add(packet.AsSpan(52), sum)));
        packet[900] ^= 1;
        Assert.False(InternetChecksum.IsRight(InternetChecksum.Add(packet.AsSpan(20), InternetChecksum.PseudoHeader(packet.AsSpan(12, 8), 6, packet.Length - 20))));
    }

    [Fact]
    public void Decrementing_the_time_to_live_keeps_the_checksum_right_for_every_value()
    {
        for (var ttl = 1; ttl <= 255; ttl++)
            for (ushort id = 0; id < 2000; id += 37)
            {
                var packet = Inner.Udp(3, ttl: (byte)ttl, id: id);
                Packet.DecrementTimeToLive(packet);
                Assert.Equal(ttl - 1, packet[8]);
                Assert.True(Packet.HasRightChecksum(packet));
                Packet.RestoreTimeToLive(packet);
                Assert.Equal(Inner.Udp(3, ttl: (byte)ttl, id: id), packet);
            }
    }
}
