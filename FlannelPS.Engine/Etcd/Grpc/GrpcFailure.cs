using System.Net.Sockets;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>Says what a broken transport amounts to (grpc doc/PROTOCOL-HTTP2.md, "Errors").</summary>
internal static class GrpcFailure
{
    /// <summary>RFC 9113 section 7.</summary>
    private const long RefusedStream = 0x7, Cancel = 0x8, EnhanceYourCalm = 0xb, NoError = 0x0;

    /// <summary>Maps an exception of the HTTP handler.</summary>
    /// <param name="exception">What was caught.</param>
    /// <param name="started">Whether the request's body had begun to be written.</param>
    public static GrpcException From(Exception exception, bool started)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case GrpcException grpc:
                    return grpc;
                case ConnectException connect:
                    return new(GrpcStatus.Unavailable, connect.Message, exception) { NotProcessed = true, Tls = connect.Tls };
                case HttpProtocolException protocol:
                    return Http2(protocol, started);
                case HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError }:
                    return new(GrpcStatus.Unavailable, "the server does not speak HTTP/2 over TLS", exception) { NotProcessed = true };
            }
        }
        return started
            ? new(GrpcStatus.Unavailable, $"the connection broke ({Reason(exception)})", exception)
            : new(GrpcStatus.Unavailable, $"no HTTP/2 connection came to be ({Reason(exception)}); is this a port for https, or none of etcd's?", exception) { NotProcessed = true };
    }

    /// <summary>The innermost reason in words that do not depend on the build's resource strings.</summary>
    private static string Reason(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is SocketException socket)
            {
                return socket.SocketErrorCode.ToString();
            }
        }
        return exception is HttpRequestException http ? http.HttpRequestError.ToString() : exception.GetType().Name;
    }

    private static GrpcException Http2(HttpProtocolException protocol, bool started) => protocol.ErrorCode switch
    {
        RefusedStream => new(GrpcStatus.Unavailable, "the server refused the stream", protocol) { NotProcessed = true },
        NoError => new(GrpcStatus.Unavailable, "the server closes its connections", protocol) { NotProcessed = !started },
        Cancel => new(GrpcStatus.Cancelled, "the server cancelled the call", protocol) { NotProcessed = !started },
        EnhanceYourCalm => new(GrpcStatus.ResourceExhausted, "the server asks for fewer requests", protocol) { NotProcessed = !started },
        _ => new(GrpcStatus.Internal, $"HTTP/2 error {protocol.ErrorCode} (is this an etcd client port, and is it http or https?)", protocol) { NotProcessed = !started },
    };
}
