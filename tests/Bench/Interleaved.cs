using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>Many flows packet by packet, each of a random size, at a rate that nobody loses at: nothing of it can be joined.</summary>
internal static class Interleaved
{
    private const int Flows = 16, Rate = 10_000;

    /// <summary>Sends for a time.</summary>
    /// <returns>Packets that arrived.</returns>
    public static async Task<int> RunAsync(Workload from, Workload to, TimeSpan duration)
    {
        using var receiver = to.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 8 << 20, ReceiveTimeout = 500 });
        receiver.Bind(new IPEndPoint(to.Address, 7100));
        int received = 0;
        var counting = Task.Factory.StartNew(() =>
        {
            byte[] buffer = new byte[2048];
            try
            {
                while (receiver.Receive(buffer) > 0)
                {
                    received++;
                }
            }
            catch (SocketException)
            {
                // Half a second of silence: the end.
            }
        }, TaskCreationOptions.LongRunning);

        var senders = Enumerable.Range(0, Flows).Select(_ => from.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))).ToList();
        senders.ForEach(sender => sender.Connect(to.Address, 7100));
        var random = new Random(1);
        byte[] content = new byte[1400];
        var clock = Stopwatch.StartNew();
        for (int sent = 0; clock.Elapsed < duration; sent++)
        {
            senders[sent % Flows].Send(content.AsSpan(0, random.Next(1, content.Length)));
            while (sent > clock.Elapsed.TotalSeconds * Rate)
            {
                Thread.Sleep(1);
            }
        }

        await counting;
        senders.ForEach(sender => sender.Dispose());
        return received;
    }
}
