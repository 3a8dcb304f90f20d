using System.Text;
using System.Text.Json;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Backends.Vxlan;

/// <summary>What a vxlan lease says of its tunnel end: <c>{"VNI":1,"VtepMAC":"aa:bb:cc:dd:ee:ff"}</c> (R6).</summary>
/// <param name="Vni">The virtual network's number.</param>
/// <param name="Address">The device's link-layer address.</param>
internal readonly record struct VtepData(uint Vni, MacAddress Address)
{
    public byte[] Write() => Encoding.ASCII.GetBytes($$"""{"VNI":{{Vni}},"VtepMAC":"{{Address}}"}""");

    /// <summary>Reads it.</summary>
    /// <returns>Null with the reason when it is not usable.</returns>
    public static VtepData? Read(ReadOnlyMemory<byte> json, string field, out string reason)
    {
        try
        {
            return ReadObject(json, field, out reason);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A text that is no UTF-8, or half of a surrogate pair, shows only when it is looked at.
            reason = $"{field} is not the JSON of a VtepMAC and a VNI";
            return null;
        }
    }

    private static VtepData? ReadObject(ReadOnlyMemory<byte> json, string field, out string reason)
    {
        reason = $"{field} has no VNI and VtepMAC";
        if (json.IsEmpty)
            return null;
        var reader = new Utf8JsonReader(json.Span);
        uint vni = 0;
        MacAddress? address = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVni = Is(ref reader, "VNI"u8);
            var isAddress = !isVni && Is(ref reader, "VtepMAC"u8);
            reader.Read();
            if (isVni && (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt32(out vni)))
            {
                reason = $"{field} has a VNI that is no number";
                return null;
            }
            if (isAddress)
            {
                var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                if (!MacAddress.TryParse(text, out var parsed) || !parsed.IsUnicast)
                {
                    reason = $"{field} has a VtepMAC that no host can have";
                    return null;
                }
                address = parsed;
            }
            reader.Skip();
        }
        if (address is not { } mac)
            return null;
        reason = "";
        return new(vni, mac);
    }

    // Names are matched in any case, as in Go; the usual spelling costs no string.
    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
        => reader.ValueTextEquals(name) || reader.GetString()!.Equals(Encoding.ASCII.GetString(name), StringComparison.OrdinalIgnoreCase);
}
