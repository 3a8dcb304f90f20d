using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace FlannelPS.Engine.Leases;

/// <summary>Reads the configuration's JSON: names in any case, unknown names ignored, the last of two equal names counts, as in the original.</summary>
/// <remarks>Section 2 of the behaviour reference.</remarks>
public static class NetworkConfigReader
{
    /// <summary>A configuration is a few hundred bytes; more than this is a mistake.</summary>
    private const int MaximumLength = 256 * 1024;

    /// <summary>The rules of the whole, and of one family, in the order they are looked at.</summary>
    private static readonly string[] WholeRules = ["Json"], StackRules = ["EnableIPv4"], BackendRules = ["BackendType"];

    /// <summary>Reads and checks.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="revision">Store revision it was read at; 0 for none.</param>
    /// <exception cref="NetworkConfigException">It is not usable; the message says why.</exception>
    public static NetworkConfig Read(ReadOnlyMemory<byte> json, long revision = 0) => Read(json, revision, null)!;

    /// <summary>Reads and checks, and goes on behind a mistake where a trace takes it down.</summary>
    /// <returns>Null where the trace has a mistake.</returns>
    /// <exception cref="NetworkConfigException">It is not usable, and there is no trace.</exception>
    internal static NetworkConfig? Read(ReadOnlyMemory<byte> json, long revision, RuleTrace? trace)
    {
        using var document = Part(trace, WholeRules, () => Parse(json, trace));
        return document is null ? null : Check(new Fields(document.RootElement), revision, trace);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json, RuleTrace? trace)
    {
        if (json.Length > MaximumLength)
            throw new NetworkConfigException($"it has {json.Length} bytes; a configuration has a few hundred");
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            LookAtTexts(document.RootElement);
            _ = new Fields(document.RootElement);
            trace?.Pass("Json", "it is a JSON object");
            return document;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NetworkConfigException)
        {
            document?.Dispose();
            throw e switch
            {
                JsonException broken => new NetworkConfigException($"it is not JSON (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1})", e),
                InvalidOperationException => new NetworkConfigException("it has a text that is no UTF-8", e),
                _ => e,
            };
        }
    }

    /// <summary>A text that is no UTF-8, or half of a surrogate pair, shows only when it is looked at: that is done here, once for all that read on.</summary>
    /// <exception cref="InvalidOperationException">There is one.</exception>
    private static void LookAtTexts(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
            _ = element.GetString();
        else if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray())
                LookAtTexts(item);
        else if (element.ValueKind == JsonValueKind.Object)
            foreach (var property in element.EnumerateObject())
            {
                _ = property.Name;
                LookAtTexts(property.Value);
            }
    }

    private static NetworkConfig? Check(Fields fields, long revision, RuleTrace? trace)
    {
        var stack = Part(trace, StackRules, () => Stack(fields, trace));
        var nftables = Part(trace, ["EnableNFTables"], () => NFTables(fields, trace));
        var v4 = Part(trace, SubnetRange.Rules(""), () => SubnetRange.Check("", AddressFamily.InterNetwork, fields, trace));
        var wantsV6 = stack?.IPv6 ?? false;
        var v6 = wantsV6 ? Part(trace, SubnetRange.Rules("IPv6"), () => SubnetRange.Check("IPv6", AddressFamily.InterNetworkV6, fields, trace)) : null;
        if (!wantsV6)
            trace?.Skip(SubnetRange.Rules("IPv6"), "EnableIPv6 is not true");
        var backend = Part(trace, BackendRules, () => Backend(fields, trace));
        return stack is null || nftables is null || v4 is null || wantsV6 && v6 is null || backend is null ? null
            : new(v4, v6, nftables.Value, backend.Type, backend.Options, revision);
    }

    private static Families Stack(Fields fields, RuleTrace? trace)
    {
        var enableV4 = fields.Boolean("EnableIPv4") ?? true;
        var enableV6 = fields.Boolean("EnableIPv6") ?? false;
        if (!enableV4 && !enableV6)
            throw new NetworkConfigException("EnableIPv4 and EnableIPv6 are both false: there is nothing to route");
        if (!enableV4)
            throw new NetworkConfigException(
                "an IPv6-only network cannot be kept in etcd's key format (every node would share the IPv4 half 0.0.0.0-0): set EnableIPv4 and a Network beside the IPv6Network");
        trace?.Pass("EnableIPv4", enableV6 ? "IPv4 and IPv6 are on" : "IPv4 is on");
        return new(enableV4, enableV6);
    }

    private static Choice NFTables(Fields fields, RuleTrace? trace)
    {
        var value = fields.Boolean("EnableNFTables");
        trace?.Pass("EnableNFTables", value is null ? "it is not given" : value.Value ? "nftables is asked for" : "iptables is asked for");
        return new(value);
    }

    private static NamedBackend Backend(Fields fields, RuleTrace? trace)
    {
        var backend = fields.Object("Backend");
        var type = backend is { } given ? new Fields(given).Text("Type") ?? "" : "udp";
        if (type.Length == 0)
            throw new NetworkConfigException("Backend has no Type");
        trace?.Pass("BackendType", backend is null ? "no Backend is named, which means udp" : $"the backend is {type.ToLowerInvariant()}");
        return new(type.ToLowerInvariant(), backend?.Clone() ?? default);
    }

    private static T? Part<T>(RuleTrace? trace, IReadOnlyList<string> rules, Func<T> check)
        where T : class
        => trace is null ? check() : trace.Part(rules, check);

    private sealed record Families(bool IPv4, bool IPv6);

    private sealed record Choice(bool? Value);

    private sealed record NamedBackend(string Type, JsonElement Options);

    /// <summary>The fields of one JSON object, found as Go finds them.</summary>
    internal readonly struct Fields
    {
        private readonly JsonElement _object;

        public Fields(JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.Object)
                throw new NetworkConfigException("it is not a JSON object");
            _object = element;
        }

        public IEnumerable<string> Names => _object.EnumerateObject().Select(property => property.Name);

        /// <summary>What stands there, whatever it is; null for nothing and for JSON's null.</summary>
        public JsonElement? Find(string name)
        {
            JsonElement? found = null;
            foreach (var property in _object.EnumerateObject())
                if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    found = property.Value.ValueKind == JsonValueKind.Null ? null : property.Value;
            return found;
        }

        public bool? Boolean(string name)
            => Find(name) switch
            {
                null => null,
                { ValueKind: JsonValueKind.True } => true,
                { ValueKind: JsonValueKind.False } => false,
                _ => throw new NetworkConfigException($"{name} is neither true nor false"),
            };

        public string? Text(string name)
            => Find(name) switch
            {
                null => null,
                { ValueKind: JsonValueKind.String } text => text.GetString(),
                _ => throw new NetworkConfigException($"{name} is not a text"),
            };

        public uint Length(string name) => Number(name, uint.MaxValue) ?? 0;

        public uint? Number(string name, uint maximum)
            => Find(name) switch
            {
                null => null,
                { ValueKind: JsonValueKind.Number } number when number.TryGetUInt32(out var value) && value <= maximum => value,
                _ => throw new NetworkConfigException($"{name} is not a whole number from 0 to {maximum}"),
            };

        public JsonElement? Object(string name)
            => Find(name) switch
            {
                null => null,
                { ValueKind: JsonValueKind.Object } value => value,
                _ => throw new NetworkConfigException($"{name} is not a JSON object"),
            };

        public IPNetwork? Network(string name, AddressFamily family)
            => Text(name) switch
            {
                null or "" => null,
                var text when AddressText.TryParseCidr(text, family, out var network) => network,
                var text => throw new NetworkConfigException($"{name} '{text}' is no {Family(family)} network (such as {(family == AddressFamily.InterNetwork ? "10.5.0.0/16" : "fd00:5::/48")})"),
            };

        public IPAddress? Address(string name, AddressFamily family)
        {
            if (Text(name) is not { Length: > 0 } text)
                return null;
            return (family == AddressFamily.InterNetwork ? AddressText.TryParseIPv4(text, out var address) : AddressText.TryParseIPv6(text, out address))
                ? address
                : throw new NetworkConfigException($"{name} '{text}' is no {Family(family)} address");
        }

        private static string Family(AddressFamily family) => family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
    }
}
