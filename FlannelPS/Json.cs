using System.Management.Automation;
using System.Text.Json;

namespace FlannelPS;

/// <summary>JSON as PowerShell has it: objects with note properties, arrays, texts and numbers.</summary>
internal static class Json
{
    /// <summary>Converts UTF-8 text that was found to be JSON before; null for none.</summary>
    public static object? ToObject(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
            return null;
        using var document = JsonDocument.Parse(json);
        return ToObject(document.RootElement);
    }

    /// <summary>Converts one element.</summary>
    public static object? ToObject(JsonElement element)
        => element.ValueKind switch
        {
            JsonValueKind.Object => ToProperties(element),
            JsonValueKind.Array => element.EnumerateArray().Select(ToObject).ToArray(),
            JsonValueKind.String => element.GetString(),
            JsonValueKind.Number => element.TryGetInt64(out var whole) ? whole : (object)element.GetDouble(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };

    private static PSObject ToProperties(JsonElement element)
    {
        var result = new PSObject();
        foreach (var member in element.EnumerateObject().Where(member => member.Name.Length > 0 && result.Properties[member.Name] is null))
            result.Properties.Add(new PSNoteProperty(member.Name, ToObject(member.Value)));
        return result;
    }
}
