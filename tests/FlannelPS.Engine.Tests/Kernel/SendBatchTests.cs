using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.Kernel;

/// <summary>Whatever pieces packets lie in, each is sent whole, together and alone.</summary>
public sealed class SendBatchTests
{
    private const uint Loopback = 0x7f000001;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Packets_in_one_piece_in_two_and_side_by_side_arrive_as_they_are(bool merges)
    {
        using var receiver = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, ReceiveTimeout = 10_000 };
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = (ushort)((IPEndPoint)receiver.LocalEndPoint!).Port;
        using var socket = UdpSocket.Open(IPAddress.Loopback, FreePort(), offload: true);
        using var buffer = new NativeBuffer(1 << 20);
        using var batch = new SendBatch { Merges = merges && socket.CanSegment };
        var random = new Random(3);
        random.NextBytes(buffer.Slice(0, buffer.Length));
        for (var round = 0; round < 200; round++)
        {
            var packets = new List<byte[]>();
            var (at, header) = (0, 1 << 19);
            var length = random.Next(40, 1400);
            for (var i = random.Next(1, 90); i > 0; i--)
            {
                if (random.Next(12) == 0)
                    length = random.Next(40, 1400);
                var (form, gap) = (random.Next(3), random.Next(2) * 10);
                at += gap;
                if (form == 0)
                {
                    batch.Add(Loopback, port, buffer, at, length);
                    packets.Add(buffer.Slice(at, length).ToArray());
                    at += length;
                }
                else
                {
                    // Headers side by side as in an arena, or just before their payload.
                    var place = form == 1 ? header : at;
                    var payload = form == 1 ? at : at + 28;
                    batch.Add(Loopback, port, buffer, place, 28, buffer, payload, length - 28);
                    packets.Add([.. buffer.Slice(place, 28), .. buffer.Slice(payload, length - 28)]);
                    (at, header) = (payload + length - 28, header + 28);
                }
            }
            Assert.Equal(packets.Count, batch.Packets);
            Assert.Equal(packets.Sum(packet => packet.Length), batch.Bytes);

            var index = 0;
            var head = new byte[100];
            for (var message = 0; message < batch.Count; message++)
                for (var i = 0; i < batch.PacketsOf(message); i++, index++)
                {
                    Assert.Equal(Math.Min(100, packets[index].Length), batch.CopyHead(message, i, head));
                    Assert.Equal(packets[index].Take(100), head.Take(packets[index].Length));
                    Assert.Equal(0, batch.SendAlone(socket, message, i));
                    Assert.Equal(packets[index], Receive());
                }
            Assert.Equal(packets.Count, index);

            for (var message = 0; message < batch.Count;)
            {
                var sent = batch.Send(socket, message, out var errno);
                Assert.Equal(0, errno);
                message += sent;
            }
            Assert.All(packets, packet => Assert.Equal(packet, Receive()));
            if (batch.Merges && packets.Count > 60)
                Assert.True(batch.Count < packets.Count);
            batch.Clear();
        }

        byte[] Receive()
        {
            var received = new byte[2000];
            return received[..receiver.Receive(received)];
        }
    }

    private static ushort FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
