using System.Text.Json;

namespace FlannelPS.Engine.Backends.Udp;

/// <summary>What a lease says of a node whose tunnel takes IPv6 packets: <c>"BackendV6Data":{"Carries":"IPv6"}</c>.</summary>
/// <remarks>
/// The original takes an IPv6 subnet in a dual-stack network of backend udp, and so a key of both families, but carries IPv4 only, whose fields it would read
/// in an IPv6 packet. It writes no data and reads none, so that whoever says this is one of ours.
/// </remarks>
internal static class InnerIPv6
{
    private const string Name = "Carries", Value = "IPv6";

    public static byte[] Write() => """{"Carries":"IPv6"}"""u8.ToArray();

    /// <summary>Whether a lease says so. What cannot be read does not.</summary>
    public static bool IsSaidBy(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
            return false;
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(Name, out var value)
                && value.ValueKind == JsonValueKind.String && value.ValueEquals(Value);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
