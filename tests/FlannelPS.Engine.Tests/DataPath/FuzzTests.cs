using System.Buffers.Binary;
using System.Globalization;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>
/// Damaged packets through every decoder that reads from the network or the device. Seeds are the files of <c>corpus/</c>, one packet in hex each. A longer run by hand:
/// <c>FLANNELPS_FUZZ_ROUNDS=10000000 FLANNELPS_FUZZ_SEED=7 FlannelPS.Engine.Tests -class '*FuzzTests*'</c>.
/// </summary>
public sealed class FuzzTests
{
    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("FLANNELPS_FUZZ_ROUNDS"), CultureInfo.InvariantCulture, out var rounds) ? rounds : 50_000;

    private static Random NewRandom() => new(int.TryParse(Environment.GetEnvironmentVariable("FLANNELPS_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 1);

    [Fact]
    public void F72_Damaged_packets_from_the_device_are_cut_or_refused_and_never_read_beyond()
    {
        var (random, corpus, header) = (NewRandom(), Corpus(), new byte[TunDevice.VirtioHeaderLength]);
        var (cut, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var packet = Damage(random, corpus[random.Next(corpus.Count)]);
            random.NextBytes(header);
            if (random.Next(2) == 0)
                new VirtioHeader(
                    true, random.Next(3) switch { 0 => VirtioHeader.Tcp4, 1 => VirtioHeader.Tcp6, _ => VirtioHeader.Udp }, random.Next(1500), random.Next(60),
                    random.Next(2) == 0 ? 20 : 40, random.Next(2) == 0 ? 16 : 6).Write(header);
            var offload = VirtioHeader.Read(header);
            if (Packet.Check(packet) != DropReason.None)
            {
                refused++;
                continue;
            }
            _ = Checksums.TryComplete(packet.ToArray(), offload);
            if (!SuperPacket.TryRead(packet, offload, out var super))
                continue;
            var segment = new byte[super.HeaderLength];
            for (var i = 0; i < super.Count; i++)
            {
                var (offset, length) = super.PayloadOf(i);
                Assert.True(length > 0 && offset + length <= packet.Length);
                super.WriteHeader(i, segment);
            }
            cut++;
        }
        Assert.True(cut > Rounds / 50 && refused > Rounds / 50, $"{cut} cut, {refused} refused of {Rounds}");
    }

    [Fact]
    public void F72_Damaged_packets_that_may_come_in_are_written_whole_and_never_answered_beyond_their_end()
    {
        var (random, corpus) = (NewRandom(), Corpus());
        var message = new byte[IcmpV6Message.Longest];
        for (var round = 0; round < Rounds / 50; round++)
        {
            var packets = Enumerable.Range(0, 20).Select(_ => Damage(random, corpus[random.Next(corpus.Count)])).Where(packet => Packet.Check(packet) == DropReason.None).ToList();
            foreach (var packet in packets)
            {
                var isV6 = Packet.IsV6(packet);
                if (isV6 ? IcmpV6Message.MayAnswer(packet) : IcmpV4Message.MayAnswer(packet))
                    Assert.InRange(
                        isV6 ? IcmpV6Message.Write(message, 1, IcmpError.TimeExceeded, 0, packet) : IcmpV4Message.Write(message, 1, IcmpError.TimeExceeded, 0, packet),
                        isV6 ? 48 + 40 : 28 + 20, isV6 ? IcmpV6Message.Longest : IcmpV4Message.Longest);
            }
            var written = CoalescerTests.Write(TunOffload.Header | TunOffload.Tcp | TunOffload.Udp, packets);
            Assert.Equal(packets.Sum(packet => packet.Length), written.SelectMany(CoalescerTests.Cut).Sum(packet => packet.Length));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void F72_Damaged_datagrams_from_a_peer_are_all_counted_and_the_tunnel_goes_on(bool dual)
    {
        using var bed = TunnelBed.Create(dual: dual);
        var (random, corpus, sent) = (NewRandom(), Corpus(), 0);
        for (var round = 0; round < Math.Min(Rounds, 20_000); round++)
        {
            TunnelBed.Send(bed.Peer, Damage(random, corpus[random.Next(corpus.Count)]));
            // Not faster than the receive buffer: a datagram that the kernel drops is not seen, and not counted.
            if (++sent % 500 == 0)
                bed.WaitUntilSeen(sent);
        }
        bed.WaitUntilSeen(sent);
        Assert.Equal(sent, bed.Seen);
        Assert.True(bed.Tunnel.IsRunning);
        TunnelBed.Send(bed.Peer, Inner.Udp(77, port: 4444));
        while (TunnelBed.Receive(bed.Inside).Length != 77)
        {
        }
    }

    [Fact]
    public void Each_seed_is_a_right_packet()
    {
        Assert.True(Corpus().Count >= 8);
        Assert.All(Corpus(), packet => Assert.Equal(DropReason.None, Packet.Check(packet)));
    }

    private static List<byte[]> Corpus()
        => [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests/FlannelPS.Engine.Tests/DataPath/corpus"), "*.hex").Order(StringComparer.Ordinal)
            .Select(file => Convert.FromHexString(string.Concat(File.ReadAllText(file).Where(char.IsAsciiHexDigit))))];

    private static byte[] Damage(Random random, byte[] packet)
    {
        var damaged = random.Next(4) == 0 ? packet[..random.Next(packet.Length + 1)] : packet.ToArray();
        for (var i = random.Next(4); i > 0 && damaged.Length > 0; i--)
        {
            // The headers are where it hurts.
            var at = random.Next(random.Next(3) == 0 ? damaged.Length : Math.Min(damaged.Length, 64));
            damaged[at] = random.Next(3) switch { 0 => 0, 1 => 255, _ => (byte)random.Next(256) };
        }
        if (random.Next(2) == 0 && damaged.Length >= 20)
        {
            // Right again where it would only be refused for that.
            if (Packet.IsV6(damaged) && damaged.Length >= 40)
                BinaryPrimitives.WriteUInt16BigEndian(damaged.AsSpan(4), (ushort)(damaged.Length - 40));
            else
                BinaryPrimitives.WriteUInt16BigEndian(damaged.AsSpan(2), (ushort)damaged.Length);
            if (Packet.Check(damaged) == DropReason.None)
                Packet.Resize(damaged, damaged.Length, Packet.Identification(damaged));
        }
        return damaged;
    }
}
