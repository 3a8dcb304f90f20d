using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace FlannelPS.Lab;

/// <summary>Asks a flannelpsd over its control socket: one JSON object a line.</summary>
public static class ControlSocket
{
    /// <summary>Sends one verb and gives the result.</summary>
    /// <exception cref="InvalidOperationException">The daemon answered with an error.</exception>
    public static async Task<JsonElement> AskAsync(string path, string verb, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { verb }) + "\n"), cancellationToken);
        using var reader = new StreamReader(stream);
        string line = await reader.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException($"{verb}: the daemon closed without an answer");
        using var answer = JsonDocument.Parse(line);
        var top = answer.RootElement;
        return top.GetProperty("ok").GetBoolean()
            ? top.GetProperty("result").Clone()
            : throw new InvalidOperationException($"{verb}: {top.GetProperty("error").GetRawText()}");
    }
}
