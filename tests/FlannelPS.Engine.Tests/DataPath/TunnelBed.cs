using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>
/// A real tunnel in a namespace: we are 192.0.2.1 with 10.5.1.0/24, the peer is 192.0.2.2 with 10.5.2.0/24, played by sockets of the test. A dual one has
/// fd00:5:0:1::/64 and fd00:5:0:2::/64 beside.
/// </summary>
internal sealed class TunnelBed : IDisposable
{
    public const ushort Port = 8285;
    private readonly TestNamespace _place;
    private readonly List<Socket> _sockets = [];
    private readonly Socket? _insideV6;

    private TunnelBed(TestNamespace place, bool offload, bool dual)
    {
        _place = place;
        place.Ip("addr", "add", "192.0.2.2/32", "dev", "lo");
        place.Ip("addr", "add", "192.0.2.3/32", "dev", "lo");
        place.Ip("addr", "add", $"{Inner.Ours}/32", "dev", "lo");
        Tunnel = place.Run(() => new UdpTunnel(
            TunDevice.Open("flannel0", offload), UdpSocket.Open(IPAddress.Parse("192.0.2.1"), Port, offload), Port,
            dual ? ForwardingTableTests.DualTable(Peers) : ForwardingTableTests.Table(Peers[0]), new(), Log, () => { }));
        place.Ip("link", "set", "flannel0", "mtu", "1472", "up");
        place.Ip("addr", "add", "10.5.1.0/32", "dev", "flannel0");
        place.Ip("route", "add", "10.5.0.0/16", "dev", "flannel0");
        Peer = Open("192.0.2.2", Port);
        Inside = Open(Inner.Ours, 7000);
        if (!dual)
            return;
        place.Ip("addr", "add", $"{Inner.OursV6}/128", "dev", "lo", "nodad");
        place.Ip("addr", "add", "fd00:5:0:1::/128", "dev", "flannel0", "nodad");
        place.Ip("route", "add", "fd00:5::/48", "dev", "flannel0");
        _insideV6 = Open(Inner.OursV6, 7000);
    }

    private static TunnelRoute[] Peers { get; } = [ForwardingTableTests.Route("10.5.2.0/24", "192.0.2.2"), ForwardingTableTests.Route("fd00:5:0:2::/64", "192.0.2.2")];

    public UdpTunnel Tunnel { get; }

    public LogLines Log { get; } = new();

    /// <summary>The peer's daemon: what it receives and sends are tunnel datagrams.</summary>
    public Socket Peer { get; }

    /// <summary>A workload of ours: what it receives was let through.</summary>
    public Socket Inside { get; }

    /// <summary>The same of a dual one, over IPv6.</summary>
    public Socket InsideV6 => _insideV6 ?? throw new InvalidOperationException("This bed is not dual.");

    public static TunnelBed Create(bool offload = true, bool dual = false)
    {
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "There is no /dev/net/tun (modprobe tun).");
        return new(TestNamespace.Create(), offload, dual);
    }

    /// <summary>A socket in the namespace.</summary>
    public Socket Open(string address, int port)
    {
        var socket = _place.Run(() =>
        {
            var made = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, ReceiveTimeout = 3000 };
            Bind(made, new(IPAddress.Parse(address), port));
            return made;
        });
        _sockets.Add(socket);
        return socket;
    }

    // The kernel makes an IPv6 address usable on a worker of its own, nodad or not (addrconf_dad_work).
    private static void Bind(Socket socket, IPEndPoint end)
    {
        var limit = Environment.TickCount64 + 10_000;
        while (true)
        {
            try
            {
                socket.Bind(end);
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable && Environment.TickCount64 < limit)
            {
                Thread.Sleep(5);
            }
        }
    }

    public string Ip(params string[] arguments) => _place.Ip(arguments);

    /// <summary>Sends a datagram to our end of the tunnel.</summary>
    public static void Send(Socket from, ReadOnlySpan<byte> datagram) => from.SendTo(datagram, new IPEndPoint(IPAddress.Parse("192.0.2.1"), Port));

    public static byte[] Receive(Socket socket)
    {
        var buffer = new byte[70_000];
        return buffer[..socket.Receive(buffer)];
    }

    /// <summary>All that the receiving direction has seen.</summary>
    public long Seen => Tunnel.Counters.Received is var counters ? counters.Packets + Drops.Reasons.Sum(counters.Dropped) : 0;

    /// <summary>Waits until it has seen so many.</summary>
    public void WaitUntilSeen(long count) => WaitUntil(count, () => Seen);

    /// <summary>Waits until a number has come so far: what a packet makes is out before the number that tells of it.</summary>
    public static void WaitUntil(long count, Func<long> number)
    {
        var limit = Environment.TickCount64 + 10_000;
        while (number() < count)
        {
            Assert.True(Environment.TickCount64 < limit, $"seen {number()} of {count}");
            Thread.Sleep(1);
        }
    }

    /// <summary>Packets that the device gave to the kernel.</summary>
    public long Injected => long.Parse(Ip("-s", "-j", "link", "show", "flannel0").Split("\"rx\":{\"bytes\":")[1].Split("\"packets\":")[1].Split(',')[0]);

    public void Dispose()
    {
        Tunnel.Dispose();
        _sockets.ForEach(socket => socket.Dispose());
        _place.Dispose();
    }
}
