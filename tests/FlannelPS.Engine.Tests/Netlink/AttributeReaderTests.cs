using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Tests.Netlink;

public sealed class AttributeReaderTests
{
    private static readonly ushort[] Types =
    [
        RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_DELNEIGH, RTM_NEWNEXTHOP, RTM_DELNEXTHOP,
        NetlinkH.NLMSG_ERROR, NetlinkH.NLMSG_DONE,
    ];

    [Fact]
    public void Random_bytes_never_throw_and_never_loop()
    {
        var random = new Random(4711);
        var buffer = new byte[256];
        var parsed = 0;
        for (var round = 0; round < 200_000; round++)
        {
            var length = random.Next(buffer.Length + 1);
            random.NextBytes(buffer);
            if (length >= 16)
            {
                // Headers that are nearly right get further than noise does.
                BitConverter.TryWriteBytes(buffer, round % 4 == 0 ? random.Next() : random.Next(length + 8));
                BitConverter.TryWriteBytes(buffer.AsSpan(4), Types[random.Next(Types.Length)]);
                buffer[16] = (byte)(random.Next(4) switch { 0 => 2, 1 => 10, 2 => 7, _ => 0 });
                for (var at = 20 + 4 * random.Next(4); at + 4 <= length; at += 4 + 4 * random.Next(6))
                {
                    BitConverter.TryWriteBytes(buffer.AsSpan(at), (ushort)random.Next(28));
                    BitConverter.TryWriteBytes(buffer.AsSpan(at + 2), (ushort)random.Next(32));
                }
            }
            parsed += Walk(buffer.AsSpan(0, length));
        }
        Assert.InRange(parsed, 1000, 200_000 * 16);
    }

    [Fact]
    public void Every_truncation_of_a_good_message_is_read_without_an_exception()
    {
        var info = new VxlanInfo(1, 2, IPAddress.Parse("192.0.2.1"), null, 8472, false, true);
        NetlinkRequest[] requests =
        [
            LinkRequest.CreateVxlan("flannel.1", 1450, new MacAddress(0x0200_0000_0001), info, 0),
            RouteRequest.Replace(new(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("10.5.2.0"), 3, true, 0, Route.RTPROT_BOOT)),
            FdbRequest.Replace(new(3, new MacAddress(0x0200_0000_0001), IPAddress.Parse("2001:db8::1"))),
        ];
        foreach (var request in requests)
        {
            var buffer = new byte[1024];
            var writer = new MessageWriter(buffer);
            writer.Begin(request.Type, 0, 1);
            request.Write(ref writer);
            writer.End();
            var whole = writer.Written.ToArray();
            Assert.Equal(1, Walk(whole));
            for (var length = 0; length < whole.Length; length++)
            {
                var cut = whole[..length];
                if (length >= 4)
                    BitConverter.TryWriteBytes(cut, length);
                Walk(cut);
            }
        }
    }

    [Fact]
    public void A_written_vxlan_device_reads_as_it_was()
    {
        var info = new VxlanInfo(4711, 2, IPAddress.Parse("2001:db8::1"), null, 4789, Learning: true, Gbp: true, L2Miss: true);
        var buffer = new byte[1024];
        var writer = new MessageWriter(buffer);
        writer.Begin(RTM_NEWLINK, 0, 1);
        LinkRequest.CreateVxlan("flannel-v6.4711", 1430, new MacAddress(0x0200_0000_0001), info, 7).Write(ref writer);
        writer.End();
        var messages = new MessageReader(writer.Written);
        Assert.True(messages.TryRead(out var message));
        Assert.True(LinkMessage.TryParse(message, out var link));
        Assert.Equal(new Link(0, "flannel-v6.4711", "vxlan", 0, 1430, new MacAddress(0x0200_0000_0001), 7, info), link);
        Assert.False(messages.TryRead(out _));
    }

    private static int Walk(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        var messages = new MessageReader(bytes);
        while (messages.TryRead(out var message))
        {
            Assert.True(++count <= bytes.Length / 16);
            _ = RouteMonitor.Parse(message);
            _ = Answer.OfError(message);
            _ = Answer.OfDone(message);
        }
        return count;
    }
}
