using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlannelPS.Lab;

/// <summary>Listens to a namespace's kernel and notes when each peer's route, neighbour and FDB entry first stood.</summary>
/// <remarks>
/// It is told by notifications and asks nothing, so it takes next to nothing from what is measured. It has a netlink parser of its own:
/// what is under test is not its own witness. linux/rtnetlink.h, linux/neighbour.h.
/// </remarks>
public sealed class KernelMonitor : IDisposable
{
    private const int AF_NETLINK = 16;
    private const int AF_BRIDGE = 7;
    private const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SO_RCVTIMEO = 20;
    private const int SO_RCVBUFFORCE = 33;
    private const int RTMGRP_NEIGH = 0x4;
    private const int RTMGRP_IPV4_ROUTE = 0x40;
    private const int RTM_NEWROUTE = 24;
    private const int RTM_NEWNEIGH = 28;
    private const int RT_TABLE_MAIN = 254;
    private const int NUD_PERMANENT = 0x80;
    private const int EAGAIN = 11;
    private const int EINTR = 4;
    private const int HeaderLength = 16;     // struct nlmsghdr
    private const int BodyLength = 12;       // struct rtmsg, and struct ndmsg

    private readonly int _socket;
    private readonly Thread _reader;
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, long> _routes = [];
    private readonly HashSet<uint> _neighbors = [];
    private readonly HashSet<ulong> _fdb = [];
    private readonly byte _network;
    private long _lastChange;
    private int _changes;
    private volatile bool _overrun;
    private volatile bool _stopping;

    /// <summary>Starts to listen.</summary>
    /// <param name="place">The namespace.</param>
    /// <param name="network">First byte of the overlay's addresses; other routes and neighbours are not counted.</param>
    public KernelMonitor(NetworkNamespace place, byte network)
    {
        _network = network;
        _socket = place.Run(() => LibC.Socket(AF_NETLINK, SOCK_RAW_CLOEXEC, 0));
        Span<byte> address = stackalloc byte[12];  // struct sockaddr_nl: family, pad, pid, groups
        BinaryPrimitives.WriteUInt16LittleEndian(address, AF_NETLINK);
        BinaryPrimitives.WriteInt32LittleEndian(address[8..], RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE);
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, 256 << 20);
        Span<byte> wait = stackalloc byte[16];     // struct timeval: 0.1 s, to look whether it shall stop
        BinaryPrimitives.WriteInt64LittleEndian(wait[8..], 100_000);
        if (LibC.SetSockOpt(_socket, SOL_SOCKET, SO_RCVBUFFORCE, size, size.Length) != 0
            || LibC.SetSockOpt(_socket, SOL_SOCKET, SO_RCVTIMEO, wait, wait.Length) != 0
            || LibC.Bind(_socket, address, address.Length) != 0)
        {
            string reason = Marshal.GetLastPInvokeErrorMessage();
            _ = LibC.Close(_socket);
            throw new IOException($"netlink socket in {place.Name}: {reason}");
        }

        _reader = new(Read) { IsBackground = true, Name = "kernel monitor" };
        _reader.Start();
    }

    /// <summary>How many messages told of a route, neighbour or FDB entry of the overlay that was set, changed or deleted.</summary>
    public int Changes
    {
        get
        {
            lock (_lock)
            {
                return _changes;
            }
        }
    }

    /// <summary><see cref="Stopwatch.GetTimestamp"/> of the last of them; 0 before the first.</summary>
    public long LastChange
    {
        get
        {
            lock (_lock)
            {
                return _lastChange;
            }
        }
    }

    /// <summary>How many different routes, neighbours and FDB entries have been seen.</summary>
    public (int Routes, int Neighbors, int Fdb) Seen
    {
        get
        {
            lock (_lock)
            {
                return (_routes.Count, _neighbors.Count, _fdb.Count);
            }
        }
    }

    /// <summary>Waits until so many peers stand: routes alone, or with a neighbour and an FDB entry each.</summary>
    /// <returns>The <see cref="Stopwatch.GetTimestamp"/> at which the last one came.</returns>
    /// <exception cref="TimeoutException">They did not come in time; the message counts what did.</exception>
    public async Task<long> WaitForPeersAsync(int peers, bool routesOnly, CancellationToken cancellationToken)
    {
        // Peers only come while this waits, so the last change when all stand is the last one's coming.
        while (true)
        {
            lock (_lock)
            {
                if (_routes.Count >= peers && (routesOnly || (_neighbors.Count >= peers && _fdb.Count >= peers)))
                {
                    return _lastChange;
                }
            }

            if (_overrun || cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"{Seen} of {peers} peers{(_overrun ? "; the monitor itself lost messages" : "")}");
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }

    /// <summary>Waits until the route to one subnet stands.</summary>
    /// <returns>When it came.</returns>
    public async Task<long> WaitForRouteAsync(System.Net.IPAddress subnet, CancellationToken cancellationToken)
    {
        uint wanted = BinaryPrimitives.ReadUInt32BigEndian(subnet.GetAddressBytes());
        while (true)
        {
            lock (_lock)
            {
                if (_routes.TryGetValue(wanted, out long at))
                {
                    return at;
                }
            }

            await Task.Delay(2, cancellationToken);
        }
    }

    /// <summary>Waits until nothing has changed for a while.</summary>
    public async Task WaitForQuietAsync(TimeSpan quiet, CancellationToken cancellationToken)
    {
        int before;
        do
        {
            before = Changes;
            await Task.Delay(quiet, cancellationToken);
        }
        while (before != Changes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _reader.Join();
        _ = LibC.Close(_socket);
    }

    private void Read()
    {
        byte[] buffer = new byte[1 << 16];
        while (!_stopping)
        {
            nint length = LibC.Receive(_socket, buffer, buffer.Length, 0);
            if (length < 0)
            {
                _overrun |= Marshal.GetLastPInvokeError() is not (EAGAIN or EINTR);
                continue;
            }

            long now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                for (var rest = buffer.AsSpan(0, (int)length); rest.Length >= HeaderLength + BodyLength;)
                {
                    int size = BinaryPrimitives.ReadInt32LittleEndian(rest);
                    if (size < HeaderLength + BodyLength || size > rest.Length)
                    {
                        break;
                    }

                    Note(BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]), rest[HeaderLength..size], now);
                    rest = rest[Math.Min((size + 3) & ~3, rest.Length)..];
                }
            }
        }
    }

    private void Note(int type, ReadOnlySpan<byte> body, long now)
    {
        bool counts;
        if (type is RTM_NEWROUTE or RTM_NEWROUTE + 1)
        {
            uint destination = ReadAddress(body, attribute: 1); // RTA_DST
            counts = body[4] == RT_TABLE_MAIN && destination >> 24 == _network;
            if (counts && type == RTM_NEWROUTE)
            {
                _routes.TryAdd(destination, now);
            }
        }
        else if (body[0] == AF_BRIDGE)
        {
            ulong mac = 0;
            foreach (byte part in Attribute(body, 2))           // NDA_LLADDR
            {
                mac = (mac << 8) | part;
            }

            counts = mac != 0 && Attribute(body, 1).Length == 4; // NDA_DST: an entry that leads to a peer
            if (counts && type == RTM_NEWNEIGH)
            {
                _fdb.Add(mac);
            }
        }
        else
        {
            uint destination = ReadAddress(body, attribute: 1); // NDA_DST
            counts = destination >> 24 == _network && (BinaryPrimitives.ReadUInt16LittleEndian(body[8..]) & NUD_PERMANENT) != 0;
            if (counts && type == RTM_NEWNEIGH)
            {
                _neighbors.Add(destination);
            }
        }

        if (counts)
        {
            _changes++;
            _lastChange = now;
        }
    }

    private static uint ReadAddress(ReadOnlySpan<byte> body, int attribute) =>
        Attribute(body, attribute) is { Length: 4 } value ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;

    private static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> body, int wanted)
    {
        for (var rest = body[BodyLength..]; rest.Length >= 4;)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (size < 4 || size > rest.Length)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]) == wanted)
            {
                return rest[4..size];
            }

            rest = rest[Math.Min((size + 3) & ~3, rest.Length)..];
        }

        return [];
    }
}
