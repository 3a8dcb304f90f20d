using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlannelPS.Engine.Leases;

/// <summary>Writes the configuration's JSON: flannel's names as its documentation has them, and whatever else an operator keeps in there untouched.</summary>
internal static class NetworkConfigText
{
    /// <summary>The names flannel knows, in the order its documentation shows them.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "Network", "SubnetLen", "SubnetMin", "SubnetMax", "EnableIPv4", "EnableIPv6", "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax", "EnableNFTables", "Backend",
    ];

    private static readonly Comparer<Member> ByName = Comparer<Member>.Create((one, other) => string.CompareOrdinal(one.Name, other.Name));

    private readonly record struct Member(string Name, JsonElement Value);

    /// <summary>Flannel's JSON for a text.</summary>
    public static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    /// <summary>The same configuration on one line, or indented for a file, with flannel's names as it writes them; of equal names the one that counts.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="indented">For people.</param>
    public static byte[] Write(ReadOnlyMemory<byte> json, bool indented = false)
    {
        using var document = JsonDocument.Parse(json);
        return Write(Members(document.RootElement, Names), indented, sorted: false);
    }

    /// <summary>The configuration with some members put in place of those that stand there, or behind them.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="changes">Names, and their JSON.</param>
    public static byte[] With(ReadOnlyMemory<byte> json, IEnumerable<KeyValuePair<string, string>> changes)
    {
        using var document = JsonDocument.Parse(json);
        var members = Members(document.RootElement, Names);
        var values = new List<JsonDocument>();
        try
        {
            foreach (var (name, text) in changes)
            {
                values.Add(JsonDocument.Parse(text));
                var member = new Member(name, values[^1].RootElement);
                var index = members.FindIndex(other => other.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
                if (index < 0)
                    members.Add(member);
                else
                    members[index] = member;
            }
            return Write(members, indented: false, sorted: false);
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    /// <summary>Whether two configurations say the same, whatever the order and the spaces between.</summary>
    public static bool SayTheSame(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => Canonical(one).AsSpan().SequenceEqual(Canonical(other));

    /// <summary>A form that is equal where two say the same.</summary>
    private static byte[] Canonical(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return Write(Members(document.RootElement, Names), indented: false, sorted: true);
    }

    /// <summary>The same for a backend's options; an absent backend has an undefined element.</summary>
    public static bool SayTheSame(NetworkConfig one, NetworkConfig other)
        => one.BackendType == other.BackendType && Options(one).AsSpan().SequenceEqual(Options(other));

    private static byte[] Options(NetworkConfig config)
        => config.Backend.ValueKind != JsonValueKind.Object ? "{}"u8.ToArray()
            : Write(Members(config.Backend, []).Where(member => !member.Name.Equals("Type", StringComparison.OrdinalIgnoreCase)), indented: false, sorted: true);

    /// <summary>Names in any case are one name, and the last counts, as Go reads them. The place is the first one's.</summary>
    private static List<Member> Members(JsonElement element, IReadOnlyList<string> known)
    {
        var members = new List<Member>();
        foreach (var property in element.EnumerateObject())
        {
            var name = known.FirstOrDefault(other => other.Equals(property.Name, StringComparison.OrdinalIgnoreCase)) ?? property.Name;
            var index = members.FindIndex(other => other.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            var member = new Member(name, property.Value);
            if (index < 0)
                members.Add(member);
            else
                members[index] = member;
        }
        return members;
    }

    private static byte[] Write(IEnumerable<Member> members, bool indented, bool sorted)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            WriteObject(writer, members, sorted);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteObject(Utf8JsonWriter writer, IEnumerable<Member> members, bool sorted)
    {
        writer.WriteStartObject();
        foreach (var member in sorted ? members.Order(ByName) : members)
        {
            writer.WritePropertyName(member.Name);
            if (member.Name == "Backend" && member.Value.ValueKind == JsonValueKind.Object)
                WriteObject(writer, Members(member.Value, ["Type"]).Select(option => sorted && option.Name == "Type" ? Lower(option) : option), sorted);
            else if (sorted)
                WriteSorted(writer, member.Value);
            else
                member.Value.WriteTo(writer);
        }
        writer.WriteEndObject();
    }

    private static Member Lower(Member type)
    {
        if (type.Value.ValueKind != JsonValueKind.String)
            return type;
        using var document = JsonDocument.Parse(Quoted(type.Value.GetString()!.ToLowerInvariant()));
        return type with { Value = document.RootElement.Clone() };
    }

    private static void WriteSorted(Utf8JsonWriter writer, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
            WriteObject(writer, element.EnumerateObject().Select(property => new Member(property.Name, property.Value)), sorted: true);
        else if (element.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var item in element.EnumerateArray())
                WriteSorted(writer, item);
            writer.WriteEndArray();
        }
        else
            element.WriteTo(writer);
    }
}
