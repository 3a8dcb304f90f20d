using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Probing;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Kernel;

/// <summary>ICMP echo by the kernel: what is taken in, when it came, and what is not ours.</summary>
public sealed class EchoSocketTests : IDisposable
{
    private static readonly IPAddress Ours = IPAddress.Parse("192.0.2.1"), Theirs = IPAddress.Parse("192.0.2.7");
    private readonly TestNamespace _place = TestNamespace.Create();

    public EchoSocketTests() => _place.Ip("addr", "add", "192.0.2.7/32", "dev", "lo");

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_request_is_answered_and_the_kernel_says_when()
    {
        using var socket = _place.Run(() => EchoSocket.Open(Ours, ProbePacket.Mark));
        var before = EchoSocket.Now;
        Assert.Equal(0, socket.Send(Request(1450, 5), Theirs));
        var (packet, time) = (await ReceiveAsync(socket))!.Value;
        Assert.Equal((true, (ushort)5, 77UL), (packet.IsReply, packet.Sequence, packet.Cookie));
        Assert.InRange(time - before, 1, 1_000_000_000);
        Assert.Equal(0, socket.Receive());
    }

    [Fact]
    public async Task The_other_side_hears_the_request_and_whose_it_is()
    {
        using var one = _place.Run(() => EchoSocket.Open(Ours, ProbePacket.Mark));
        using var two = _place.Run(() => EchoSocket.Open(Theirs, ProbePacket.Mark));
        one.Send(Request(92, 6), Theirs);
        var (packet, _) = (await ReceiveAsync(two))!.Value;
        Assert.Equal((false, "host-1", "1.2.3", 0xc0000201), (packet.IsReply, packet.HostName, packet.Version, packet.Source));
    }

    [Fact]
    public async Task F73_What_has_not_the_mark_does_not_reach_us()
    {
        using var socket = _place.Run(() => EchoSocket.Open(Ours, ProbePacket.Mark));
        using var others = _place.Run(() => EchoSocket.Open(Ours, 0x01020304));
        socket.Send(Request(92, 7), Theirs);
        Assert.NotNull(await ReceiveAsync(socket));
        Command.Run("ip", "netns", "exec", _place.Name, "ping", "-c", "2", "-i", "0.2", "-I", Ours.ToString(), Theirs.ToString()).ThrowIfFailed();
        Assert.Equal((0, 0), (socket.Receive(), others.Receive()));
    }

    [Fact]
    public void What_is_longer_than_the_device_is_refused_and_not_cut()
    {
        using var socket = _place.Run(() => EchoSocket.Open(Ours, ProbePacket.Mark));
        _place.Ip("route", "add", "198.51.100.0/24", "dev", "eth9");
        Assert.Equal(Errno.EMSGSIZE, socket.Send(Request(1501, 8), IPAddress.Parse("198.51.100.1")));
        Assert.Equal(0, socket.Send(Request(1500, 9), IPAddress.Parse("198.51.100.1")));
    }

    [Fact]
    public void An_address_that_is_not_ours_is_refused_by_name()
    {
        var error = Assert.Throws<FileException>(() => _place.Run(() => EchoSocket.Open(IPAddress.Parse("203.0.113.9"), ProbePacket.Mark)));
        Assert.Contains("ICMP packets cannot be sent from 203.0.113.9: EADDRNOTAVAIL", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Request(int length, ushort sequence)
    {
        var icmp = new byte[length - 20];
        ProbePacket.WriteRequest(icmp, 3, sequence, 77, "host-1", "1.2.3");
        return icmp;
    }

    private static async Task<(ProbePacket Packet, long Time)?> ReceiveAsync(EchoSocket socket)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (socket.Receive() is var count && count > 0)
            {
                Assert.Equal(1, count);
                return (ProbePacket.Read(socket.PacketOf(0))!.Value, socket.TimeOf(0));
            }
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        return null;
    }
}
