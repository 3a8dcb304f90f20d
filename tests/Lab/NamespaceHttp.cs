using System.Net.Sockets;

namespace FlannelPS.Lab;

/// <summary>HTTP from inside a namespace, such as to a daemon's health endpoint.</summary>
public static class NamespaceHttp
{
    /// <summary>A client whose sockets are opened in the namespace given; null for the caller's own. Waits 5 s for an answer.</summary>
    public static HttpClient Create(NetworkNamespace? place) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = place is null ? NewSocket() : place.Run(NewSocket);
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    { Timeout = TimeSpan.FromSeconds(5) };

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
