using System.Text;
using System.Text.Json;
using FlannelPS.Checks;

namespace FlannelPS.Diagnostics;

/// <summary>The store, as it answers this host.</summary>
internal sealed class StoreSource(CheckFacts facts) : DiagnosticSource
{
    /// <inheritdoc/>
    public override string About => "asking the store";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        StoreFacts store;
        try
        {
            store = facts.Store;
        }
        catch (FactsMissingException e)
        {
            return [DiagnosticEntry.Missing("store.json", e.Message)];
        }
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, store);
        return [new("store.json", Encoding.UTF8.GetString(stream.ToArray()) + "\n") { Problem = store.Error?.Message ?? "" }];
    }

    private static void Write(Utf8JsonWriter json, StoreFacts store)
    {
        json.WriteStartObject();
        json.WriteString("store", store.Description);
        json.WriteString("prefix", store.Prefix);
        json.WriteString("failure", store.Failure?.ToString());
        json.WriteString("problem", store.Error?.Message);
        json.WriteNumber("latencyMilliseconds", Math.Round(store.Latency.TotalMilliseconds, 3));
        if (store.TakesWrites is { } takes)
            json.WriteBoolean("takesWrites", takes);
        json.WriteStartArray("endpoints");
        foreach (var endpoint in store.Endpoints)
        {
            json.WriteStartObject();
            json.WriteString("endpoint", endpoint.Endpoint);
            json.WriteString("version", endpoint.Version);
            json.WriteBoolean("leader", endpoint.IsLeader);
            json.WriteBoolean("hasLeader", endpoint.HasLeader);
            json.WriteString("error", endpoint.Error);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("networkConfig");
        json.WriteString("key", store.ConfigKey);
        json.WriteString("network", store.Config?.IPv4.Network.ToString());
        json.WriteString("ipv6Network", store.Config?.IPv6?.Network.ToString());
        json.WriteString("backend", store.Config?.BackendType);
        json.WriteStartArray("verdicts");
        foreach (var verdict in store.ConfigVerdicts)
            json.WriteStringValue(verdict.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteNumber("leases", store.Leases.Count);
        json.WriteStartArray("junk");
        foreach (var bad in store.Junk.Take(100))
            json.WriteStringValue($"{bad.Key}: {bad.Reason}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
