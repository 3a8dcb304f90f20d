using FlannelPS.Engine.Netlink.Wire;

namespace FlannelPS.Engine.Netlink;

/// <summary>The kernel's network configuration: reads it whole, and changes it in batches.</summary>
/// <remarks>
/// rtnetlink(7). One socket for the life of the daemon, in the network namespace of the thread that made it. Calls may come from any
/// thread, one at a time; they return when the kernel has answered, and never wait for an answer that was lost.
/// </remarks>
public sealed partial class RouteSocket : IDisposable
{
    private const int ReceiveBuffer = 4 << 20;     // holds the answers to 1000 refused requests and more
    private const int SendLength = 16 << 10;       // 200 requests of about 60 bytes
    private const int ReceiveLength = 32 << 10;    // the most that netlink_dump(), net/netlink/af_netlink.c, puts in one datagram

    private readonly object _gate = new();
    private readonly NetlinkSocket _socket;
    private readonly byte[] _send = new byte[SendLength];
    private byte[] _receive = new byte[ReceiveLength];
    private uint _sequence;

    /// <summary>Opens the socket in the network namespace of the calling thread.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public RouteSocket() : this(ReceiveBuffer) { }

    internal RouteSocket(int receiveBuffer) => _socket = new(receiveBuffer);

    /// <summary>The kernel's name for this socket; a <see cref="RouteMonitor"/> that knows it leaves out what this socket changed.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>Closes the socket, after the call that is running.</summary>
    public void Dispose()
    {
        lock (_gate)
            _socket.Dispose();
    }
}
