using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Etcd.Tls;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>gRPC over HTTP/2 (grpc doc/PROTOCOL-HTTP2.md): one connection per endpoint, made when first used.</summary>
internal sealed partial class GrpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly TlsCredentials? _tls;
    private readonly TimeProvider _time;
    private readonly int _maxReceiveLength;
    private readonly CancellationTokenSource _closed = new();
    private readonly HashSet<Socket> _sockets = [];

    /// <param name="tls">Certificates for https endpoints; may be null where all are http.</param>
    /// <param name="connectTimeout">Limit of one connection attempt, TLS included.</param>
    /// <param name="maxReceiveLength">Largest message taken, in bytes.</param>
    /// <param name="time">For deadlines.</param>
    public GrpcChannel(TlsCredentials? tls, TimeSpan connectTimeout, int maxReceiveLength, TimeProvider time)
    {
        (_tls, _maxReceiveLength, _time) = (tls, maxReceiveLength, time);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = connectTimeout,
            ConnectCallback = ConnectAsync,
            EnableMultipleHttp2Connections = false,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            // Only with calls on the way: etcd forbids pings on an idle connection (server/embed/etcd.go).
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            // A page of a list fits, so that it does not wait for window updates.
            InitialHttp2StreamWindowSize = 256 * 1024,
        });
    }

    /// <summary>One request, one answer. Serves streaming methods too, where one message each way is all that is wanted.</summary>
    /// <exception cref="GrpcException">The call failed, or its time was over.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<T> UnaryAsync<T>(Uri endpoint, GrpcCall call, byte[] frame, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var stop = new CancellationTokenSource(call.ConnectPatience, _time);
        using var _ = cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stop);
        using var request = Request(endpoint, call, new UnaryContent(frame) { OnStart = () => Extend(stop, call.Timeout) });
        try
        {
            using var response = await _http.SendAsync(request, stop.Token).ConfigureAwait(false);
            GrpcTrailers.CheckHeaders(response);
            using var body = await response.Content.ReadAsStreamAsync(stop.Token).ConfigureAwait(false);
            var reader = new GrpcMessageReader(body, _maxReceiveLength);
            var answer = await reader.ReadAsync(parser, stop.Token).ConfigureAwait(false);
            if (answer is not null && await reader.ReadAsync(parser, stop.Token).ConfigureAwait(false) is not null)
                throw new GrpcException(GrpcStatus.Internal, "the server answered more than once");
            GrpcTrailers.CheckEnd(response);
            return answer ?? throw new GrpcException(GrpcStatus.Internal, "the server answered nothing");
        }
        catch (Exception e) when (e is not GrpcException || cancellationToken.IsCancellationRequested)
        {
            throw Failure(e, (GrpcContent)request.Content!, stop, cancellationToken);
        }
    }

    /// <summary>The clock of a server, from the head of a plain answer of HTTP; null where it gives none. Over TLS by HTTP/2, else by HTTP/1.1: etcd has gRPC alone behind HTTP/2 without TLS.</summary>
    public async Task<DateTimeOffset?> DateAsync(Uri endpoint, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(timeout);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint, "/version"))
        {
            Version = endpoint.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        try
        {
            using var response = await _http.SendAsync(request, stop.Token).ConfigureAwait(false);
            return response.Headers.Date;
        }
        catch (Exception e) when (e is HttpRequestException or ConnectException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Ends the connections from an address that this host has no more: nothing arrives at it, and the kernel goes on waiting for a quarter of an hour.</summary>
    public void AddressGone(IPAddress address)
    {
        lock (_sockets)
            foreach (var socket in _sockets.Where(socket => socket.Connected && socket.LocalEndPoint is IPEndPoint { Address: var local }
                && (local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local).Equals(address)))
                socket.Shutdown(SocketShutdown.Both);
    }

    /// <summary>Ends the streams and closes all connections.</summary>
    public void Dispose()
    {
        // The handler closes a connection only when its last stream has ended, and a watch ends only when told to.
        _closed.Cancel();
        _http.Dispose();
        _closed.Dispose();
    }

    private static void Extend(CancellationTokenSource stop, TimeSpan timeout)
    {
        try
        {
            stop.CancelAfter(timeout);
        }
        catch (ObjectDisposedException)
        {
            // The call had ended before its body was asked for.
        }
    }

    private static GrpcException Failure(Exception exception, GrpcContent content, CancellationTokenSource stop, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!stop.IsCancellationRequested)
        {
            return GrpcFailure.From(exception, content.Started);
        }
        return content.Started
            ? new GrpcException(GrpcStatus.DeadlineExceeded, "no answer in time", exception)
            : new GrpcException(GrpcStatus.Unavailable, "no connection in time", exception) { NotProcessed = true };
    }

    private static HttpRequestMessage Request(Uri endpoint, GrpcCall call, GrpcContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint, call.Path))
        {
            Version = HttpVersion.Version20,
            // "Or lower" would speak HTTP/1.1 on http://.
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "grpc-flannelps");
        if (call.Timeout > TimeSpan.Zero)
        {
            request.Headers.TryAddWithoutValidation("grpc-timeout", TimeoutText(call.Timeout));
        }
        if (call.Token is not null)
        {
            request.Headers.TryAddWithoutValidation("token", call.Token);
        }
        if (call.RequireLeader)
        {
            request.Headers.TryAddWithoutValidation("hasleader", "true");
        }
        return request;
    }

    /// <summary>At most eight digits and a unit, rounded up.</summary>
    internal static string TimeoutText(TimeSpan timeout)
    {
        var milliseconds = (long)Math.Ceiling(timeout.TotalMilliseconds);
        return milliseconds <= 99_999_999 ? $"{milliseconds}m" : $"{(long)Math.Min(99_999_999, Math.Ceiling(timeout.TotalSeconds))}S";
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var endpoint = context.DnsEndPoint;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            lock (_sockets)
            {
                _sockets.RemoveWhere(static other => !other.Connected);
                _sockets.Add(socket);
            }
            var transport = new NetworkStream(socket, ownsSocket: true);
            return context.InitialRequestMessage.RequestUri!.Scheme == Uri.UriSchemeHttps
                ? await TlsHandshake.ConnectAsync(transport, endpoint.Host, _tls!, cancellationToken).ConfigureAwait(false)
                : transport;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ConnectException($"cannot connect ({e.SocketErrorCode})", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
