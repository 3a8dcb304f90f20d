using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Answers <c>/healthz</c> and <c>/readyz</c> over HTTP/1.1, one request per connection. State words only: nothing secret, nothing to change.</summary>
/// <remarks>RFC 9112. The texts of the good answers are the original's. Not HttpListener: its weight is a multiple of these lines.</remarks>
public sealed class HealthServer : IAsyncDisposable
{
    private const int MaxConnections = 32, MaxHeader = 8192;
    private readonly ConnectionLoop _loop;
    private readonly Func<bool> _isAlive;
    private readonly Func<IReadOnlyList<string>> _notReady;
    private readonly TimeSpan _timeout;

    /// <summary>Listens.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="isAlive">Whether the loops still turn.</param>
    /// <param name="notReady">Why the daemon is not ready, a line each; empty when it is.</param>
    /// <param name="logger">For failures.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">The address is taken or not the host's.</exception>
    public HealthServer(IPEndPoint endPoint, Func<bool> isAlive, Func<IReadOnlyList<string>> notReady, ILogger logger, TimeProvider time)
        : this(endPoint, isAlive, notReady, logger, time, TimeSpan.FromSeconds(5))
    {
    }

    /// <summary>The same with another time a request or an answer may take.</summary>
    internal HealthServer(IPEndPoint endPoint, Func<bool> isAlive, Func<IReadOnlyList<string>> notReady, ILogger logger, TimeProvider time, TimeSpan timeout)
    {
        (_isAlive, _notReady, _timeout) = (isAlive, notReady, timeout);
        var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                listener.DualMode = true;
            listener.Bind(endPoint);
            listener.Listen(MaxConnections);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new StartupException($"Cannot listen for health checks on {endPoint}: {error.Message}. Choose another --healthz-port or --healthz-ip.", error);
        }
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        logger.HealthListening(EndPoint.ToString());
        _loop = new(listener, $"health port {EndPoint.Port}", MaxConnections, ServeAsync, logger, time);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task ServeAsync(Socket connection, CancellationToken stopping, CancellationToken abort)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(_timeout);
        var buffer = new byte[MaxHeader];
        var length = 0;
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            if (length == buffer.Length)
            {
                await AnswerAsync(connection, "431 Request Header Fields Too Large", "header too large", false, limit.Token).ConfigureAwait(false);
                return;
            }
            var read = await connection.ReceiveAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false);
            if (read == 0)
                return;
            length += read;
        }
        var (status, body, head) = Respond(buffer.AsSpan(0, length));
        await AnswerAsync(connection, status, body, head, limit.Token).ConfigureAwait(false);
    }

    private (string Status, string Body, bool Head) Respond(ReadOnlySpan<byte> request)
    {
        var line = Encoding.Latin1.GetString(request[..request.IndexOf("\r\n"u8)]).Split(' ');
        if (line.Length != 3 || !line[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
            return ("400 Bad Request", "bad request", false);
        var head = line[0] == "HEAD";
        if (!head && line[0] != "GET")
            return ("405 Method Not Allowed", "only GET and HEAD", false);
        switch (line[1].Split('?')[0])
        {
            case "/healthz":
                return _isAlive() ? ("200 OK", "flanneld is running", head) : ("503 Service Unavailable", "a loop of flanneld does not turn any more", head);
            case "/readyz":
                var reasons = _notReady();
                return reasons.Count == 0 ? ("200 OK", "flanneld is ready", head)
                    : ("503 Service Unavailable", $"flanneld is not ready yet\n{string.Join('\n', reasons.Select(reason => reason.ReplaceLineEndings(" ")))}\n", head);
            default:
                return ("404 Not Found", "404 page not found\n", head);
        }
    }

    private static async Task AnswerAsync(Socket connection, string status, string body, bool head, CancellationToken cancellationToken)
    {
        var answer = $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n"
            + $"{(status.StartsWith("405", StringComparison.Ordinal) ? "Allow: GET, HEAD\r\n" : "")}Cache-Control: no-store\r\nConnection: close\r\n\r\n{(head ? "" : body)}";
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(answer);
        while (rest.Length > 0)
            rest = rest[await connection.SendAsync(rest, cancellationToken).ConfigureAwait(false)..];
        // Closing over unread bytes resets the connection, and the peer may lose the answer: wait for its end first.
        connection.Shutdown(SocketShutdown.Send);
        var drain = new byte[1024];
        for (var left = 64; left > 0 && await connection.ReceiveAsync(drain, cancellationToken).ConfigureAwait(false) > 0; left--)
            continue;
    }
}
