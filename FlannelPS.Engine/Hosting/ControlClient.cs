using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <summary>Asks a daemon over its control socket. One request at a time.</summary>
public sealed class ControlClient : IDisposable
{
    private const int MaxAnswer = 256 << 20, MaxAttempts = 50;
    private readonly Socket _socket;
    private readonly LineReader _reader;

    private ControlClient(Socket socket) => (_socket, _reader) = (socket, new LineReader(socket, MaxAnswer));

    /// <summary>Connects.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SocketException">No daemon listens there, or we may not connect.</exception>
    public static async Task<ControlClient> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
                return new(socket);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.WouldBlock && attempt < MaxAttempts)
            {
                // EAGAIN: more callers wait than the kernel queues, unix_stream_connect(), net/unix/af_unix.c.
                socket.Dispose();
                await Task.Delay(20, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Who listens.</summary>
    public Kernel.PeerCredentials Peer => Kernel.PeerCredentials.Of(_socket);

    /// <summary>Sends a request and waits for its result.</summary>
    /// <param name="verb">One of <see cref="ControlVerbs"/>.</param>
    /// <param name="arguments">Writes the members of the arguments object; null for none.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>The result; the caller's to dispose through <see cref="ControlResult.Dispose"/>.</returns>
    /// <exception cref="ControlException">The daemon refused or failed, or closed the connection.</exception>
    public async Task<ControlResult> RequestAsync(string verb, Action<Utf8JsonWriter>? arguments, CancellationToken cancellationToken)
    {
        var request = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(request))
        {
            writer.WriteStartObject();
            writer.WriteString("verb", verb);
            if (arguments is not null)
            {
                writer.WriteStartObject("arguments");
                arguments(writer);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        request.Write("\n"u8);
        for (var rest = request.WrittenMemory; rest.Length > 0;)
            rest = rest[await _socket.SendAsync(rest, cancellationToken).ConfigureAwait(false)..];
        if (await _reader.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } line)
            throw new ControlException(ControlException.Closed, "The daemon closed the connection without an answer.");
        if (!_reader.IsWhole)
            throw new ControlException(ControlException.Closed, "The daemon closed the connection within its answer.");
        return ControlResult.Parse(line);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}

/// <summary>The result of a request.</summary>
public sealed class ControlResult : IDisposable
{
    private readonly JsonDocument _document;

    private ControlResult(JsonDocument document) => _document = document;

    /// <summary>The value; lives as long as this object.</summary>
    public JsonElement Value => _document.RootElement.GetProperty("result");

    /// <summary>Reads an answer line.</summary>
    /// <exception cref="ControlException">It tells an error, or is no answer.</exception>
    internal static ControlResult Parse(ReadOnlyMemory<byte> line)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(line.ToArray());    // the reader's buffer is used again
            var root = document.RootElement;
            if (root.GetProperty("ok").GetBoolean())
            {
                _ = root.GetProperty("result");
                return new(document);
            }
            var error = root.GetProperty("error");
            throw new ControlException(error.GetProperty("id").GetString()!, error.GetProperty("message").GetString()!);
        }
        catch (Exception error)
        {
            document?.Dispose();
            if (error is JsonException or InvalidOperationException or KeyNotFoundException)
                throw new ControlException(ControlException.BadRequest, $"The daemon's answer is not understood: {error.Message}");
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();
}
