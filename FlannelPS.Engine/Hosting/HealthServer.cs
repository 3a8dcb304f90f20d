using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Answers <c>/healthz</c> and <c>/readyz</c> over HTTP/1.1, and <c>/metrics</c> where that was asked for; one request per connection. Nothing secret, nothing to change.</summary>
/// <remarks>RFC 9112. The texts of the good answers are the original's. Not HttpListener: its weight is a multiple of these lines.</remarks>
public sealed class HealthServer : IAsyncDisposable
{
    private const int MaxConnections = 32, MaxHeader = 8192;
    private readonly ConnectionLoop _loop;
    private readonly Func<bool> _isAlive;
    private readonly Func<IReadOnlyList<string>> _notReady;
    private readonly Func<string>? _metrics;
    private readonly TimeSpan _timeout;

    /// <summary>Listens.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="isAlive">Whether the loops still turn.</param>
    /// <param name="notReady">Why the daemon is not ready, a line each; empty when it is.</param>
    /// <param name="logger">For failures.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">The numbers in OpenMetrics text; null to tell none.</param>
    /// <exception cref="StartupException">The address is taken or not the host's.</exception>
    public HealthServer(IPEndPoint endPoint, Func<bool> isAlive, Func<IReadOnlyList<string>> notReady, ILogger logger, TimeProvider time, Func<string>? metrics = null)
        : this(endPoint, isAlive, notReady, logger, time, TimeSpan.FromSeconds(5), metrics)
    {
    }

    /// <summary>The same with another time a request or an answer may take.</summary>
    internal HealthServer(IPEndPoint endPoint, Func<bool> isAlive, Func<IReadOnlyList<string>> notReady, ILogger logger, TimeProvider time, TimeSpan timeout, Func<string>? metrics = null)
    {
        (_isAlive, _notReady, _metrics, _timeout) = (isAlive, notReady, metrics, timeout);
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
            throw new StartupException(metrics is null ? $"Cannot listen for health checks on {endPoint}: {error.Message}. Choose another --healthz-port or --healthz-ip."
                : $"Cannot tell metrics on {endPoint}: {error.Message}. Choose another --metrics-port.", error);
        }
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        if (metrics is null)
            logger.HealthListening(EndPoint.ToString());
        else
            logger.MetricsListening(EndPoint.ToString());
        _loop = new(listener, $"{(metrics is null ? "health" : "metrics")} port {EndPoint.Port}", MaxConnections, ServeAsync, logger, time);
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
                await AnswerAsync(connection, new("431 Request Header Fields Too Large", "header too large"), false, limit.Token).ConfigureAwait(false);
                return;
            }
            var read = await connection.ReceiveAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false);
            if (read == 0)
                return;
            length += read;
        }
        var (answer, head) = Respond(buffer.AsSpan(0, length));
        await AnswerAsync(connection, answer, head, limit.Token).ConfigureAwait(false);
    }

    private (Answer Answer, bool Head) Respond(ReadOnlySpan<byte> request)
    {
        var line = Encoding.Latin1.GetString(request[..request.IndexOf("\r\n"u8)]).Split(' ');
        if (line.Length != 3 || !line[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
            return (new("400 Bad Request", "bad request"), false);
        var head = line[0] == "HEAD";
        if (!head && line[0] != "GET")
            return (new("405 Method Not Allowed", "only GET and HEAD"), false);
        switch (line[1].Split('?')[0])
        {
            case "/healthz":
                return (_isAlive() ? new("200 OK", "flanneld is running") : new("503 Service Unavailable", "a loop of flanneld does not turn any more"), head);
            case "/readyz":
                var reasons = _notReady();
                return (reasons.Count == 0 ? new("200 OK", "flanneld is ready")
                    : new("503 Service Unavailable", $"flanneld is not ready yet\n{string.Join('\n', reasons.Select(reason => reason.ReplaceLineEndings(" ")))}\n"), head);
            case "/metrics" when _metrics is not null:
                return (new("200 OK", _metrics(), Metrics.ContentType), head);
            default:
                return (new("404 Not Found", "404 page not found\n"), head);
        }
    }

    private static async Task AnswerAsync(Socket connection, Answer answer, bool head, CancellationToken cancellationToken)
    {
        var (status, body, type) = answer;
        var text = $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n"
            + $"{(status.StartsWith("405", StringComparison.Ordinal) ? "Allow: GET, HEAD\r\n" : "")}Cache-Control: no-store\r\nConnection: close\r\n\r\n{(head ? "" : body)}";
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(text);
        while (rest.Length > 0)
            rest = rest[await connection.SendAsync(rest, cancellationToken).ConfigureAwait(false)..];
        // Closing over unread bytes resets the connection, and the peer may lose the answer: wait for its end first.
        connection.Shutdown(SocketShutdown.Send);
        var drain = new byte[1024];
        for (var left = 64; left > 0 && await connection.ReceiveAsync(drain, cancellationToken).ConfigureAwait(false) > 0; left--)
            continue;
    }

    private sealed record Answer(string Status, string Body, string ContentType = "text/plain; charset=utf-8");
}
