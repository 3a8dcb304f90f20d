using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>Reads how a call ended from the response's trailers, or from its headers where there was no body ("Trailers-Only").</summary>
internal static class GrpcTrailers
{
    private const int MaxMessageLength = 1024;

    /// <summary>Throws what the server says before any message: a status in the header block, or an answer that is not gRPC.</summary>
    public static void CheckHeaders(HttpResponseMessage response)
    {
        if (Status(response.Headers) is { } status)
        {
            if (status != GrpcStatus.Ok)
                throw Failure(status, response.Headers);
            return;
        }
        var contentType = response.Content.Headers.TryGetValues("content-type", out var values) ? string.Join(',', values) : "none";
        if (response.StatusCode != HttpStatusCode.OK || !contentType.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase))
        {
            throw new GrpcException(
                FromHttp(response.StatusCode),
                OneLine($"the endpoint does not speak gRPC: HTTP status {(int)response.StatusCode}, content type {contentType}"));
        }
    }

    /// <summary>Throws unless the call ended well. The body must have been read to its end.</summary>
    public static void CheckEnd(HttpResponseMessage response)
    {
        var headers = response.TrailingHeaders;
        var status = Status(headers);
        if (status is null)
        {
            headers = response.Headers;
            status = Status(headers);
        }
        if (status is null)
            throw new GrpcException(GrpcStatus.Unavailable, "the answer ended without a status");
        if (status != GrpcStatus.Ok)
            throw Failure(status.Value, headers);
    }

    /// <summary>Undoes the percent encoding of <c>grpc-message</c>. Broken encoding stays as it is; nothing here throws.</summary>
    public static string Decode(string encoded)
    {
        var bytes = new byte[encoded.Length];
        var count = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%' && i + 2 < encoded.Length
                && byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes[count++] = value;
                i += 2;
            }
            else
            {
                bytes[count++] = encoded[i] < 256 ? (byte)encoded[i] : (byte)'?';
            }
        }
        return OneLine(Encoding.UTF8.GetString(bytes, 0, count));
    }

    /// <summary>grpc doc/http-grpc-status-mapping.md, for answers that never reached a gRPC server.</summary>
    internal static GrpcStatus FromHttp(HttpStatusCode status) => (int)status switch
    {
        400 or 431 => GrpcStatus.Internal,
        401 => GrpcStatus.Unauthenticated,
        403 => GrpcStatus.PermissionDenied,
        404 => GrpcStatus.Unimplemented,
        429 or 502 or 503 or 504 => GrpcStatus.Unavailable,
        _ => GrpcStatus.Unknown,
    };

    private static GrpcException Failure(GrpcStatus status, HttpResponseHeaders headers)
    {
        var message = headers.TryGetValues("grpc-message", out var values) ? Decode(string.Concat(values)) : "";
        return new GrpcException(status, message.Length == 0 ? $"the server answered {status}" : message) { FromServer = true };
    }

    private static GrpcStatus? Status(HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues("grpc-status", out var values))
        {
            return null;
        }
        return int.TryParse(string.Concat(values), NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code <= (int)GrpcStatus.Unauthenticated
            ? (GrpcStatus)code
            : GrpcStatus.Unknown;
    }

    /// <summary>What a server sends ends in logs: no line breaks, and not without end.</summary>
    private static string OneLine(string text)
    {
        if (text.Length > MaxMessageLength)
        {
            text = text[..MaxMessageLength];
        }
        return string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
