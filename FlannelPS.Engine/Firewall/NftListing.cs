using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Firewall;

/// <summary>A chain, as nft lists it.</summary>
internal readonly record struct NftChain(string Family, string Table, string Name, string? Policy);

/// <summary>A rule of a foreign chain.</summary>
internal readonly record struct NftRule(ulong Handle, string? Comment);

/// <summary>A table of ours, read back.</summary>
/// <param name="Normal">All of it but counters, and who the peers are: equal as long as nobody edits, adds, moves or removes anything.</param>
/// <param name="Peers">The peers in it.</param>
/// <param name="IsUntouched">Whether the objects' handles are those of a new table, 1 and up without a gap: whatever is edited gets a new handle.</param>
/// <param name="Objects">How many sets, chains and rules.</param>
/// <param name="Dropped">Packets of strangers dropped since it was made.</param>
internal sealed record NftTable(string Normal, IReadOnlySet<IPAddress> Peers, bool IsUntouched, int Objects, long Dropped);

/// <summary>Reads what nft(8) prints with <c>-j</c>.</summary>
/// <remarks>libnftables-json(5).</remarks>
internal static class NftListing
{
    private static readonly string[] Kinds = ["set", "chain", "rule"];

    /// <summary>The chains of <c>list chains</c>.</summary>
    public static IReadOnlyList<NftChain> Chains(string json)
    {
        var chains = new List<NftChain>();
        Each(json, (kind, item) =>
        {
            if (kind == "chain")
                chains.Add(new(Text(item, "family"), Text(item, "table"), Text(item, "name"), item.TryGetProperty("policy", out var policy) ? policy.GetString() : null));
        });
        return chains;
    }

    /// <summary>The tables of <c>list tables</c>: family and name.</summary>
    public static IReadOnlyList<(string Family, string Name)> Tables(string json)
    {
        var tables = new List<(string, string)>();
        Each(json, (kind, item) =>
        {
            if (kind == "table")
                tables.Add((Text(item, "family"), Text(item, "name")));
        });
        return tables;
    }

    /// <summary>The rules of <c>list chain</c>, in order.</summary>
    public static IReadOnlyList<NftRule> Rules(string json)
    {
        var rules = new List<NftRule>();
        Each(json, (kind, item) =>
        {
            if (kind == "rule")
                rules.Add(new(Handle(item), item.TryGetProperty("comment", out var comment) ? comment.GetString() : null));
        });
        return rules;
    }

    /// <summary>The networks that rules of a table name.</summary>
    public static IReadOnlyList<IPNetwork> Networks(string json)
    {
        var networks = new List<IPNetwork>();
        Each(json, (kind, item) =>
        {
            if (kind == "rule" && item.TryGetProperty("expr", out var expressions))
                Collect(expressions);
        });
        return networks;

        void Collect(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
                foreach (var item in element.EnumerateArray())
                    Collect(item);
            else if (element.ValueKind == JsonValueKind.Object)
                foreach (var property in element.EnumerateObject())
                    if (property.Name == "prefix" && property.Value.TryGetProperty("addr", out var addr) && property.Value.TryGetProperty("len", out var length)
                        && addr.GetString() is { } text && IPAddress.TryParse(text, out var address))
                        networks.Add(AddressNumber.Network(address, length.GetInt32()));
                    else
                        Collect(property.Value);
        }
    }

    /// <summary>A table of <c>list table</c>.</summary>
    public static NftTable Table(string json)
    {
        var (peers, handles, dropped) = (new HashSet<IPAddress>(), new HashSet<ulong>(), 0L);
        using var normal = new MemoryStream();
        using (var writer = new Utf8JsonWriter(normal))
        {
            writer.WriteStartArray();
            Each(json, (kind, item) =>
            {
                if (!Kinds.Contains(kind))
                    return;
                handles.Add(Handle(item));
                if (item.TryGetProperty("elem", out var elements))
                    foreach (var element in elements.EnumerateArray())
                        if (element.ValueKind == JsonValueKind.String && IPAddress.TryParse(element.GetString(), out var peer))
                            peers.Add(peer);
                writer.WriteStartObject();
                writer.WritePropertyName(kind);
                Copy(item, writer, ref dropped);
                writer.WriteEndObject();
            });
            writer.WriteEndArray();
        }
        return new(Encoding.UTF8.GetString(normal.ToArray()), peers, handles.Count > 0 && handles.Max() == (ulong)handles.Count && !handles.Contains(0), handles.Count, dropped);
    }

    private static void Copy(JsonElement element, Utf8JsonWriter writer, ref long packets)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    if (property.Name == "elem")
                        continue;
                    writer.WritePropertyName(property.Name);
                    if (property.Name == "counter" && property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty("packets", out var count))
                    {
                        packets += count.GetInt64();
                        writer.WriteNullValue();
                    }
                    else
                        Copy(property.Value, writer, ref packets);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    Copy(item, writer, ref packets);
                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private static void Each(string json, Action<string, JsonElement> take)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var entry in document.RootElement.GetProperty("nftables").EnumerateArray())
                foreach (var item in entry.EnumerateObject())
                    take(item.Name, item.Value);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FirewallException($"nft's answer is not as expected ({e.Message})");
        }
    }

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static ulong Handle(JsonElement item) => item.TryGetProperty("handle", out var handle) ? handle.GetUInt64() : 0;
}
