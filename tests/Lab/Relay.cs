using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Lab;

/// <summary>A TCP relay between a daemon and its store that can be cut, slowed down and joined again.</summary>
public sealed class Relay : IAsyncDisposable
{
    private readonly NetworkNamespace _place;
    private readonly IPEndPoint _target;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private volatile bool _cut;
    private long _delay;

    /// <summary>Begins to relay.</summary>
    /// <param name="place">Where it listens and connects from.</param>
    /// <param name="port">Its own port, on the bridge's address.</param>
    /// <param name="target">Where it leads to.</param>
    public Relay(NetworkNamespace place, int port, IPEndPoint target)
    {
        (_place, _target) = (place, target);
        Endpoint = $"http://{Underlay.BridgeAddress}:{port}";
        _listener = NewSocket();
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(Underlay.BridgeAddress, port));
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    /// <summary>What daemons are given as endpoint.</summary>
    public string Endpoint { get; }

    /// <summary>How long each piece of data is held, each way.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _delay));
        set => Interlocked.Exchange(ref _delay, value.Ticks);
    }

    /// <summary>Breaks all connections, and every new one at once, until <see cref="Join"/>.</summary>
    public void Cut()
    {
        _cut = true;
        lock (_open)
        {
            foreach (var socket in _open)
            {
                socket.Close(0);
            }
        }
    }

    /// <summary>Lets new connections through again.</summary>
    public void Join() => _cut = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var pairs = new List<Task>();
        try
        {
            while (true)
            {
                pairs.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pairs);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = NewSocket();
        try
        {
            lock (_open)
            {
                _open.Add(client);
                _open.Add(server);
            }

            if (!_cut)
            {
                await server.ConnectAsync(_target, _stop.Token);
                await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Either side is gone; the other goes with it.
        }
        finally
        {
            lock (_open)
            {
                _open.Remove(client);
                _open.Remove(server);
            }

            client.Close(0);
            server.Close(0);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        try
        {
            byte[] buffer = new byte[64 << 10];
            while (await from.ReceiveAsync(buffer, _stop.Token) is var length and > 0)
            {
                if (Delay > TimeSpan.Zero)
                {
                    await Task.Delay(Delay, _stop.Token);
                }

                await to.SendAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private Socket NewSocket() => _place.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
}
