using System.Net;
using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <summary>Takes values out of a daemon's answer. What is not there, or not of its kind, is null: an older daemon says less, and what is none may say anything.</summary>
internal static class AnswerReader
{
    /// <summary>A text that is not empty.</summary>
    public static string? Text(this JsonElement json, string name)
        => Find(json, name, JsonValueKind.String)?.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A whole number.</summary>
    public static long? Number(this JsonElement json, string name)
        => Find(json, name, JsonValueKind.Number) is { } value && value.TryGetInt64(out var number) ? number : null;

    /// <summary>A number.</summary>
    public static double? Fraction(this JsonElement json, string name)
        => Find(json, name, JsonValueKind.Number) is { } value && value.TryGetDouble(out var number) ? number : null;

    /// <summary>Whether it says true.</summary>
    public static bool Flag(this JsonElement json, string name) => Find(json, name, JsonValueKind.True) is not null;

    /// <summary>A time.</summary>
    public static DateTimeOffset? Time(this JsonElement json, string name)
        => Find(json, name, JsonValueKind.String) is { } value && value.TryGetDateTimeOffset(out var time) ? time : null;

    /// <summary>A network.</summary>
    public static IPNetwork? Network(this JsonElement json, string name) => IPNetwork.TryParse(json.Text(name), out var network) ? network : null;

    /// <summary>An address.</summary>
    public static IPAddress? Address(this JsonElement json, string name) => IPAddress.TryParse(json.Text(name), out var address) ? address : null;

    /// <summary>An object; an empty one where there is none.</summary>
    public static JsonElement Part(this JsonElement json, string name) => Find(json, name, JsonValueKind.Object) ?? default;

    /// <summary>The objects of a list; none where there is no list.</summary>
    public static IEnumerable<JsonElement> Objects(this JsonElement json, string name) => Find(json, name, JsonValueKind.Array)?.Objects() ?? [];

    /// <summary>The objects of this list; none where it is no list.</summary>
    public static IEnumerable<JsonElement> Objects(this JsonElement json)
        => json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object) : [];

    /// <summary>The texts of a list; none where there is no list.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement json, string name)
        => Find(json, name, JsonValueKind.Array) is { } list ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : [];

    private static JsonElement? Find(JsonElement json, string name, JsonValueKind kind)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : null;
}
