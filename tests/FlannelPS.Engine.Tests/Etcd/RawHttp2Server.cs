using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>A scripted peer: speaks HTTP/2 frames over a real socket as a test tells it to, right or wrong.</summary>
internal sealed class RawHttp2Server : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<RawHttp2Connection, Task> _script;
    private readonly Task _loop;
    private int _requests;

    /// <param name="script">Runs once for each connection.</param>
    public RawHttp2Server(Func<RawHttp2Connection, Task> script)
    {
        _script = script;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public string Authority => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public Uri Address => new($"http://{Authority}");

    /// <summary>How many requests came, over all connections.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                break;
            }
        }
        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var connection = new RawHttp2Connection(client.GetStream(), () => Interlocked.Increment(ref _requests), _stop.Token);
            try
            {
                await _script(connection);
                await connection.ClosedAsync();
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ChannelClosedException or ObjectDisposedException)
            {
                // The client went, or the test ended.
            }
        }
    }
}

/// <summary>One connection: frames out as told, frames in answered where the protocol wants it (RFC 9113 section 4.1).</summary>
internal sealed class RawHttp2Connection(NetworkStream stream, Action onRequest, CancellationToken stop)
{
    private const byte DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7;
    private const byte END_STREAM = 1, ACK = 1, END_HEADERS = 4;
    private readonly Channel<int> _requests = Channel.CreateUnbounded<int>();
    private Task _reading = Task.CompletedTask;

    /// <summary>Exchanges the prefaces and reads on in the background.</summary>
    public async Task BeginAsync()
    {
        await stream.ReadExactlyAsync(new byte[24], stop);
        await FrameAsync(SETTINGS, 0, 0, []);
        _reading = ReadAsync();
    }

    /// <summary>The stream of the next request whose message has come.</summary>
    public async Task<int> RequestAsync() => await _requests.Reader.ReadAsync(stop);

    public Task ClosedAsync() => _reading;

    public Task RawAsync(string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), stop).AsTask();

    public void Close() => stream.Close();

    public Task DataAsync(int id, byte[] data, bool end = false) => FrameAsync(DATA, end ? END_STREAM : (byte)0, id, data);

    public Task ResetAsync(int id, uint code) => FrameAsync(RST_STREAM, 0, id, BigEndian(code));

    public Task GoAwayAsync(int last, uint code) => FrameAsync(GOAWAY, 0, 0, [.. BigEndian((uint)last), .. BigEndian(code)]);

    /// <summary>The header block of a good answer.</summary>
    public Task OkAsync(int id) => HeadersAsync(id, false, (":status", "200"), ("content-type", "application/grpc"));

    /// <summary>The trailers of an answer.</summary>
    public Task TrailersAsync(int id, int status, string message = "") => HeadersAsync(id, true, ("grpc-status", $"{status}"), ("grpc-message", message));

    public async Task HeadersAsync(int id, bool end, params (string Name, string Value)[] headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            // RFC 7541 section 6.2.2: literal without indexing, new name; no Huffman. A pseudo header goes by the static table.
            if ((name, value) == (":status", "200"))
                block.Add(0x88);
            else
                block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }
        await FrameAsync(HEADERS, (byte)(END_HEADERS | (end ? END_STREAM : 0)), id, [.. block]);
    }

    private static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private async Task FrameAsync(byte type, byte flags, int id, byte[] payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, .. BigEndian((uint)id), .. payload];
        await stream.WriteAsync(frame, stop);
    }

    private async Task ReadAsync()
    {
        var seen = new HashSet<int>();
        var header = new byte[9];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(header, stop);
                var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await stream.ReadExactlyAsync(payload, stop);
                var id = (int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(5));
                if (header[3] == SETTINGS && (header[4] & ACK) == 0)
                    await FrameAsync(SETTINGS, ACK, 0, []);
                else if (header[3] == PING && (header[4] & ACK) == 0)
                    await FrameAsync(PING, ACK, 0, payload);
                else if (header[3] == DATA && payload.Length > 0 && seen.Add(id))
                {
                    onRequest();
                    await _requests.Writer.WriteAsync(id, stop);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            _requests.Writer.TryComplete();
        }
    }
}
