using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using FlannelPS.Engine.DataPath;

namespace FlannelPS.Engine.Tests.DataPath;

public sealed class IcmpErrorsTests
{
    private static readonly uint Own = (uint)ForwardingTable.Number(IPAddress.Parse("10.5.1.0"));
    private static readonly UInt128 OwnV6 = ForwardingTable.Number(IPAddress.Parse("fd00:5:0:1::"));

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1400)]
    public void L16_An_error_quotes_what_was_received_and_no_more_than_fits(int payload)
    {
        var about = Inner.Udp(payload);
        var message = new byte[576];
        var length = IcmpV4Message.Write(message, Own, IcmpError.TooBig, 1400, about);
        var written = message.AsSpan(0, length);
        Assert.True(Inner.IsRight(written));
        Assert.Equal(Math.Min(576, 28 + about.Length), length);
        Assert.Equal((3, 4, 1400), (written[20], written[21], BinaryPrimitives.ReadUInt16BigEndian(written[26..])));
        Assert.Equal("10.5.1.0", new IPAddress(written[12..16]).ToString());
        Assert.Equal(Inner.Theirs, new IPAddress(written[16..20]).ToString());
        Assert.Equal(about[..(length - 28)], written[28..].ToArray());
    }

    [Fact]
    public void F72_No_error_answers_an_error_a_later_fragment_or_an_address_that_is_no_hosts()
    {
        Assert.True(IcmpV4Message.MayAnswer(Inner.Udp(10)));
        Assert.True(IcmpV4Message.MayAnswer(Inner.Icmp(8)));
        foreach (var type in (byte[])[3, 4, 5, 11, 12])
            Assert.False(IcmpV4Message.MayAnswer(Inner.Icmp(type)));
        var fragment = Inner.Udp(10);
        fragment[7] = 3;
        Assert.False(IcmpV4Message.MayAnswer(fragment));
        fragment[7] = 0;
        fragment[6] = 0x20;
        Assert.True(IcmpV4Message.MayAnswer(fragment));
        foreach (var source in (string[])["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"])
            Assert.False(IcmpV4Message.MayAnswer(Inner.Udp(10, from: source)));
        Assert.False(IcmpV4Message.MayAnswer(Inner.Udp(10, to: "224.0.0.1")));
        // Too short to say which ICMP message it is.
        Assert.False(IcmpV4Message.MayAnswer(Inner.Ip(1, [], -1, 1, Inner.Theirs, Inner.Ours, 60, false)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1400)]
    public void L16_An_IPv6_error_quotes_what_was_received_and_no_more_than_fits(int payload)
    {
        var about = Inner.Udp(payload, from: Inner.TheirsV6, to: Inner.OursV6);
        var message = new byte[1280];
        foreach (var (error, type, value) in new[] { (IcmpError.Unreachable, 1, 0u), (IcmpError.TooBig, 2, 1400u), (IcmpError.TimeExceeded, 3, 0u) })
        {
            var length = IcmpV6Message.Write(message, OwnV6, error, 1400, about);
            var written = message.AsSpan(0, length);
            Assert.True(Inner.IsRight(written));
            Assert.Equal(Math.Min(1280, 48 + about.Length), length);
            Assert.Equal((58, type, 0, value), (written[6], written[40], written[41], BinaryPrimitives.ReadUInt32BigEndian(written[44..])));
            Assert.Equal("fd00:5:0:1::", new IPAddress(written[8..24]).ToString());
            Assert.Equal(Inner.TheirsV6, new IPAddress(written[24..40]).ToString());
            Assert.Equal(about[..(length - 48)], written[48..].ToArray());
        }
    }

    [Fact]
    public void F72_No_IPv6_error_answers_an_error_a_later_fragment_or_an_address_that_is_no_hosts()
    {
        Assert.True(IcmpV6Message.MayAnswer(V6(17, new byte[20])));
        foreach (var (type, may) in new[] { (1, false), (2, false), (3, false), (4, false), (127, false), (128, true), (129, true), (137, false), (255, true) })
            Assert.Equal(may, IcmpV6Message.MayAnswer(Inner.Icmp((byte)type, from: Inner.TheirsV6, to: Inner.OursV6)));
        // Behind hop-by-hop, destination, routing, authentication and fragment headers.
        byte[] echo = [128, 0, 0, 0, 0, 0, 0, 0], error = [1, 0, 0, 0, 0, 0, 0, 0];
        foreach (var (upper, may) in new[] { (echo, true), (error, false) })
        {
            Assert.Equal(may, IcmpV6Message.MayAnswer(V6(0, [58, 0, 1, 4, 0, 0, 0, 0, .. upper])));
            Assert.Equal(may, IcmpV6Message.MayAnswer(V6(60, [43, 1, .. new byte[14], 58, 0, .. new byte[6], .. upper])));
            Assert.Equal(may, IcmpV6Message.MayAnswer(V6(51, [58, 4, .. new byte[22], .. upper])));
            Assert.Equal(may, IcmpV6Message.MayAnswer(V6(44, [58, 0, 0, 1, 0, 0, 0, 7, .. upper])));
        }
        Assert.False(IcmpV6Message.MayAnswer(V6(44, [17, 0, 0, 9, 0, 0, 0, 7, .. echo])));
        // The chain runs out of the packet.
        Assert.False(IcmpV6Message.MayAnswer(V6(0, [0, 255, 0, 0, 0, 0, 0, 0])));
        Assert.False(IcmpV6Message.MayAnswer(V6(0, [58, 0, 0, 0])));
        Assert.False(IcmpV6Message.MayAnswer(V6(0, [58, 0, 1, 4, 0, 0, 0, 0])));
        Assert.False(IcmpV6Message.MayAnswer(V6(58, [])));
        foreach (var source in (string[])["::", "::1", "ff02::1", "fe80::1"])
            Assert.False(IcmpV6Message.MayAnswer(Inner.Udp(10, from: source, to: Inner.OursV6)));
        Assert.False(IcmpV6Message.MayAnswer(Inner.Udp(10, from: Inner.TheirsV6, to: "ff02::1")));

        static byte[] V6(byte next, byte[] body) => Inner.Ip(next, body, -1, 1, Inner.TheirsV6, Inner.OursV6, 60, false);
    }

    [Fact]
    public void Errors_are_limited_in_number()
    {
        var bucket = new TokenBucket(50, 200);
        var now = Stopwatch.GetTimestamp() + Stopwatch.Frequency;
        Assert.Equal(50, Enumerable.Range(0, 1000).Count(_ => bucket.TryTake(now)));
        Assert.Equal(20, Enumerable.Range(0, 1000).Count(_ => bucket.TryTake(now + Stopwatch.Frequency / 10)));
        Assert.Equal(50, Enumerable.Range(0, 1000).Count(_ => bucket.TryTake(now + 100 * Stopwatch.Frequency)));
    }
}
