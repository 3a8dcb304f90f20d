using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.DataPath;

/// <summary>A device and a socket, and the two threads that carry packets between them.</summary>
/// <remarks>
/// A thread a direction, which sleep in poll(2) while nothing comes. They share nothing with the rest of the process but the table, so that a flood
/// does not hold up a lease, and a store that hangs does not hold up a packet (F73).
/// </remarks>
public sealed class UdpTunnel : IDisposable
{
    private const int StackLength = 256 << 10;
    private readonly TunnelParts _parts;
    private readonly ILogger _logger;
    private readonly Action _ended;
    private readonly Thread _sender, _receiver;
    private int _hasEnded;

    /// <summary>Begins to carry.</summary>
    /// <param name="device">Owned from now on.</param>
    /// <param name="socket">Owned from now on.</param>
    /// <param name="port">The peers' UDP port, and ours.</param>
    /// <param name="table">Who is where.</param>
    /// <param name="counters">Goes on where the last tunnel of this node left it.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="ended">Told when a direction ends by itself: the device or the socket is gone.</param>
    public UdpTunnel(TunDevice device, UdpSocket socket, ushort port, ForwardingTable table, TunnelCounters counters, ILogger logger, Action ended)
    {
        (_logger, _ended) = (logger, ended);
        _parts = new(device, socket, port, table, counters, new(RawSocket.TryOpen(AddressFamily.InterNetwork), RawSocket.TryOpen(AddressFamily.InterNetworkV6)), new());
        _sender = Start("udp tunnel: send", () =>
        {
            using var sender = new TunnelSender(_parts, logger.SegmentsRefused);
            return sender.Run();
        });
        _receiver = Start("udp tunnel: receive", () =>
        {
            using var receiver = new TunnelReceiver(_parts);
            return receiver.Run();
        });
    }

    /// <summary>The device.</summary>
    public TunDevice Device => _parts.Device;

    /// <summary>The socket.</summary>
    public UdpSocket Socket => _parts.Socket;

    /// <summary>What it has done.</summary>
    public TunnelCounters Counters => _parts.Counters;

    /// <summary>Whether both directions run.</summary>
    public bool IsRunning => Volatile.Read(ref _hasEnded) == 0;

    /// <summary>Who is where. The next batch of packets goes by what is put here.</summary>
    public ForwardingTable Table
    {
        get => _parts.Table;
        set => _parts.Table = value;
    }

    /// <summary>What the kernel does for it, in words.</summary>
    public string Features
    {
        get
        {
            var features = new List<string>(4);
            if ((Device.Offload & TunOffload.Tcp) != 0)
                features.Add("TCP super-packets");
            if ((Device.Offload & TunOffload.Udp) != 0)
                features.Add("UDP super-packets");
            if (Socket.CanSegment)
                features.Add("UDP_SEGMENT");
            if (Socket.Coalesces)
                features.Add("UDP_GRO");
            return features.Count == 0 ? "plain" : string.Join(", ", features);
        }
    }

    /// <summary>Lets both directions finish what they hold, and ends them. What comes from now on waits in the kernel.</summary>
    public void Stop()
    {
        Volatile.Write(ref _hasEnded, 1);
        _parts.Stop.Set();
        _sender.Join();
        _receiver.Join();
    }

    /// <summary>Stops, and closes device and socket.</summary>
    public void Dispose()
    {
        Stop();
        _parts.Errors.Dispose();
        _parts.Stop.Dispose();
        Device.Dispose();
        Socket.Dispose();
    }

    private Thread Start(string name, Func<int> run)
    {
        var thread = new Thread(() => Run(name, run), StackLength) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void Run(string name, Func<int> run)
    {
        string reason;
        try
        {
            var errno = run();
            if (errno == 0)
                return;
            reason = Errno.Describe(errno);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            reason = e.ToString();
        }
        if (Interlocked.Exchange(ref _hasEnded, 1) == 1)
            return;
        _logger.TunnelEnded(name, reason);
        _ended();
    }
}
