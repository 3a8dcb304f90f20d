using System.Buffers;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlannelPS.Engine.Leases;

/// <summary>The JSON of a lease's value, byte for byte as the original writes it, and as tolerant as the original where it reads.</summary>
/// <remarks>Fields in the order PublicIP, PublicIPv6, BackendType, BackendData, BackendV6Data; no spaces; names in any case when read.</remarks>
internal static class LeaseValue
{
    /// <summary>A value of the original's is a few hundred bytes; more than this is somebody's mistake (F66).</summary>
    public const int MaximumLength = 64 * 1024;

    // BackendData carries base64 keys: '+' must stay '+', so that two writers give the same bytes.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 32 };

    /// <summary>Writes a value.</summary>
    public static byte[] Write(LeaseAttributes attributes)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Compact))
        {
            json.WriteStartObject();
            json.WriteString("PublicIP"u8, attributes.PublicIp.ToString());
            if (attributes.PublicIpV6 is { } v6)
                json.WriteString("PublicIPv6"u8, AddressText.Write(v6));
            else
                json.WriteNull("PublicIPv6"u8);
            if (attributes.BackendType.Length > 0)
                json.WriteString("BackendType"u8, attributes.BackendType);
            WriteRaw(json, "BackendData"u8, attributes.BackendData);
            WriteRaw(json, "BackendV6Data"u8, attributes.BackendV6Data);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value.</summary>
    /// <returns>The attributes, or null with the reason.</returns>
    public static LeaseAttributes? Read(ReadOnlyMemory<byte> value, out string reason)
    {
        if (value.Length > MaximumLength)
        {
            reason = $"the value has {value.Length} bytes; a lease has a few hundred";
            return null;
        }
        if (value.IsEmpty)
        {
            reason = "the value is empty";
            return null;
        }
        try
        {
            return ReadObject(value, out reason);
        }
        catch (JsonException e)
        {
            reason = $"the value is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})";
            return null;
        }
        catch (InvalidOperationException)
        {
            reason = "the value has a text that is not UTF-8";
            return null;
        }
    }

    private static LeaseAttributes? ReadObject(ReadOnlyMemory<byte> value, out string reason)
    {
        var json = new Utf8JsonReader(value.Span, Strict);
        var attributes = new LeaseAttributes(IPAddress.Any, null, "", default, default);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            reason = "the value is not a JSON object";
            return null;
        }
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            json.Read();
            if (name.Equals("PublicIP", StringComparison.OrdinalIgnoreCase))
            {
                if (json.TokenType != JsonTokenType.String || !AddressText.TryParseIPv4(json.GetString(), out var address))
                {
                    reason = "PublicIP is not an IPv4 address";
                    return null;
                }
                attributes = attributes with { PublicIp = address };
            }
            else if (name.Equals("PublicIPv6", StringComparison.OrdinalIgnoreCase))
            {
                if (json.TokenType == JsonTokenType.Null)
                    attributes = attributes with { PublicIpV6 = null };
                else if (json.TokenType == JsonTokenType.String && AddressText.TryParse(json.GetString(), out var address))
                    attributes = attributes with { PublicIpV6 = address };
                else
                {
                    reason = "PublicIPv6 is neither null nor an address";
                    return null;
                }
            }
            else if (name.Equals("BackendType", StringComparison.OrdinalIgnoreCase))
            {
                if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                {
                    reason = "BackendType is not a text";
                    return null;
                }
                attributes = attributes with { BackendType = Shared(json.GetString()) };
            }
            else if (name.Equals("BackendData", StringComparison.OrdinalIgnoreCase))
                attributes = attributes with { BackendData = Slice(ref json, value) };
            else if (name.Equals("BackendV6Data", StringComparison.OrdinalIgnoreCase))
                attributes = attributes with { BackendV6Data = Slice(ref json, value) };
            else
                json.Skip();
        }
        // What follows the object must be white space: the reader says so by its exception.
        while (json.Read())
        {
        }
        reason = "";
        return attributes;
    }

    private static ReadOnlyMemory<byte> Slice(ref Utf8JsonReader json, ReadOnlyMemory<byte> value)
    {
        var start = (int)json.TokenStartIndex;
        var isNull = json.TokenType == JsonTokenType.Null;
        json.Skip();
        return isNull ? default : value[start..(int)json.BytesConsumed];
    }

    // Thousands of leases name the same few backends: one string for each of them.
    private static string Shared(string? backendType)
        => backendType switch
        {
            null => "",
            "vxlan" => "vxlan",
            "host-gw" => "host-gw",
            _ => backendType,
        };

    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlyMemory<byte> raw)
    {
        if (raw.IsEmpty)
            return;
        json.WritePropertyName(name);
        json.WriteRawValue(raw.Span, skipInputValidation: true);
    }
}
