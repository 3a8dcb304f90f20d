using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <summary>Reads one request line.</summary>
internal static class ControlRequest
{
    /// <summary>Takes verb and arguments out of a line; they live as long as the document.</summary>
    /// <exception cref="ControlException">It is no JSON object with a verb.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> line, JsonDocumentOptions options, out string verb, out JsonElement arguments)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(line, options);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("verb", out var named) || named.ValueKind != JsonValueKind.String)
                throw new ControlException(ControlException.BadRequest, "A request is one JSON object a line with a verb, such as {\"verb\":\"status\"}.");
            verb = named.GetString()!;
            arguments = root.TryGetProperty("arguments", out var given) ? given : default;
            return document;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)    // the latter: text that is no UTF-16
        {
            document?.Dispose();
            throw new ControlException(ControlException.BadRequest, "The request is not JSON, or nested too deep.");
        }
        catch (ControlException)
        {
            document?.Dispose();
            throw;
        }
    }

    /// <summary>A stranger's word, short enough for a message.</summary>
    public static string Shown(string verb) => verb.Length > 40 ? verb[..40] + "..." : verb;
}
