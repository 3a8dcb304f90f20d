using System.Buffers.Binary;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Probing;

namespace FlannelPS.Engine.Tests.Probing;

/// <summary>Probes as bytes: ours back as they were, and nothing of anybody else's.</summary>
public sealed class ProbePacketTests
{
    [Theory]
    [InlineData(ProbePacket.Short)]
    [InlineData(1450)]
    [InlineData(8951)]
    public void What_is_written_is_read(int length)
    {
        var packet = Packet(length, "host-1.example", "1.2.3");
        Assert.True(InternetChecksum.IsRight(InternetChecksum.Add(packet.AsSpan(20))), "RFC 792: the checksum is over the whole message");
        Assert.Equal(new(false, 0x0a2a0200, 7, 65535, 0x1122334455667788, "host-1.example", "1.2.3"), ProbePacket.Read(packet)!.Value);
        packet[20] = 0;
        Assert.Equal(new(true, 0x0a2a0200, 7, 65535, 0x1122334455667788, "", ""), ProbePacket.Read(packet)!.Value);
    }

    [Fact]
    public void A_packet_whose_end_was_not_kept_is_read_all_the_same()
        => Assert.Equal("host", ProbePacket.Read(Packet(1450, "host", "1").AsSpan(0, 192))!.Value.HostName);

    [Fact]
    public void Names_that_are_too_long_are_cut()
        => Assert.Equal((new string('h', 32), new string('1', 14)), (Packet(92, new string('h', 300), new string('1', 300)) is var packet ? ProbePacket.Read(packet)!.Value.HostName : "", ProbePacket.Read(packet)!.Value.Version));

    [Theory]
    [InlineData("\e[31mred")]
    [InlineData("a b")]
    [InlineData("<script>")]
    [InlineData("a\nb")]
    [InlineData("\u00e9")]
    public void F84_A_name_that_a_terminal_or_a_page_could_obey_is_no_name(string name)
        => Assert.Equal("", ProbePacket.Read(Raw(name))!.Value.HostName);

    [Fact]
    public void F72_Anything_else_is_nothing_and_no_length_is_believed()
    {
        var good = Packet(92, "host", "1");
        for (var length = 0; length < good.Length; length++)
            Assert.Null(ProbePacket.Read(good.AsSpan(0, length)));
        var random = new Random(72);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (ProbePacket.Read(bytes) is { } read)
                Assert.True(read.HostName.Length <= 32 && read.Version.Length <= 14);
        }
        var other = (byte[])good.Clone();
        other[28] ^= 1;
        Assert.Null(ProbePacket.Read(other)); // without the mark
        other = (byte[])good.Clone();
        other[20] = 3;
        Assert.Null(ProbePacket.Read(other)); // no echo
        other = (byte[])good.Clone();
        other[0] = 0x65;
        Assert.Null(ProbePacket.Read(other)); // not IPv4
    }

    private static byte[] Raw(string name)
    {
        var packet = Packet(92, "x", "1");
        var bytes = System.Text.Encoding.Latin1.GetBytes(name);
        packet[44] = (byte)bytes.Length;
        bytes.CopyTo(packet, 45);
        return packet;
    }

    private static byte[] Packet(int length, string host, string version)
    {
        var packet = new byte[length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0a2a0200);
        ProbePacket.WriteRequest(packet.AsSpan(20), 7, 65535, 0x1122334455667788, host, version);
        return packet;
    }
}
