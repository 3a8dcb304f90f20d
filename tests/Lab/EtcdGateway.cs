using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace FlannelPS.Lab;

/// <summary>A second way into etcd: its JSON gateway, so that what the engine wrote is read, and what it reads is written, without the engine.</summary>
/// <remarks>Its sockets are opened inside the namespace given. etcd api, rpc.proto, by way of /v3.</remarks>
public sealed class EtcdGateway : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="place">Where etcd is reached from; null for the caller's own namespace.</param>
    /// <param name="endpoint">Such as http://198.18.0.1:2379.</param>
    public EtcdGateway(NetworkNamespace? place, Uri endpoint)
    {
        _http = NamespaceHttp.Create(place);
        _http.BaseAddress = endpoint;
    }

    /// <summary>Puts one key, without an etcd lease unless one is given.</summary>
    public Task PutAsync(string key, string value, CancellationToken cancellationToken, long lease = 0) =>
        PutAsync(key, Encoding.UTF8.GetBytes(value), cancellationToken, lease);

    /// <summary>Puts one key with any bytes.</summary>
    public Task PutAsync(string key, byte[] value, CancellationToken cancellationToken, long lease = 0) =>
        CallAsync("kv/put", new { key = Encode(key), value = Convert.ToBase64String(value), lease }, cancellationToken);

    /// <summary>Puts many keys in transactions of 100: many keys at one revision each, as fast as etcd takes them.</summary>
    public async Task PutAllAsync(IEnumerable<KeyValuePair<string, string>> pairs, CancellationToken cancellationToken)
    {
        foreach (var chunk in pairs.Chunk(100))
        {
            var success = chunk.Select(pair => new { requestPut = new { key = Encode(pair.Key), value = Encode(pair.Value) } });
            await CallAsync("kv/txn", new { success }, cancellationToken);
        }
    }

    /// <summary>Deletes one key.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) => CallAsync("kv/deleterange", new { key = Encode(key) }, cancellationToken);

    /// <summary>Deletes all keys with a prefix.</summary>
    public Task DeletePrefixAsync(string prefix, CancellationToken cancellationToken) =>
        CallAsync("kv/deleterange", new { key = Encode(prefix), range_end = Encode(After(prefix)) }, cancellationToken);

    /// <summary>Reads all keys with a prefix, in key order.</summary>
    public async Task<IReadOnlyList<KeyValuePair<string, string>>> GetPrefixAsync(string prefix, CancellationToken cancellationToken) =>
        [.. (await ListAsync(prefix, cancellationToken)).Select(item => KeyValuePair.Create(item.Key, item.Value))];

    /// <summary>Reads all keys with a prefix, in key order, with what etcd knows of them.</summary>
    public async Task<IReadOnlyList<EtcdKey>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var answer = await CallAsync("kv/range", new { key = Encode(prefix), range_end = Encode(After(prefix)) }, cancellationToken);
        return answer.TryGetProperty("kvs", out var items) ? [.. items.EnumerateArray().Select(ReadKey)] : [];
    }

    /// <summary>Grants an etcd lease.</summary>
    public async Task<long> GrantAsync(int ttlSeconds, CancellationToken cancellationToken) =>
        Number(await CallAsync("lease/grant", new { TTL = ttlSeconds }, cancellationToken), "ID");

    /// <summary>Revokes an etcd lease, and so deletes its keys.</summary>
    public Task RevokeAsync(long lease, CancellationToken cancellationToken) => CallAsync("lease/revoke", new { ID = lease }, cancellationToken);

    /// <summary>Granted time to live of an etcd lease, in seconds.</summary>
    public async Task<long> GrantedTtlAsync(long lease, CancellationToken cancellationToken) =>
        Number(await CallAsync("lease/timetolive", new { ID = lease }, cancellationToken), "grantedTTL");

    /// <summary>Etcd leases that no key stands on.</summary>
    public async Task<IReadOnlyList<long>> LeasesWithoutKeysAsync(CancellationToken cancellationToken)
    {
        var all = await CallAsync("lease/leases", new { }, cancellationToken);
        var without = new List<long>();
        foreach (long lease in all.TryGetProperty("leases", out var items) ? items.EnumerateArray().Select(item => Number(item, "ID")).ToList() : [])
        {
            var answer = await CallAsync("lease/timetolive", new { ID = lease, keys = true }, cancellationToken);
            if (!answer.TryGetProperty("keys", out _) && Number(answer, "TTL") > 0)
            {
                without.Add(lease);
            }
        }

        return without;
    }

    /// <summary>The store's revision.</summary>
    public async Task<long> RevisionAsync(CancellationToken cancellationToken) =>
        Number((await CallAsync("kv/range", new { key = Encode("/") }, cancellationToken)).GetProperty("header"), "revision");

    /// <summary>Forgets the history up to a revision, or up to now.</summary>
    public async Task CompactAsync(CancellationToken cancellationToken, long? upTo = null) =>
        await CallAsync("kv/compaction", new { revision = upTo ?? await RevisionAsync(cancellationToken), physical = true }, cancellationToken);

    /// <summary>All that happened below a prefix, from a revision on; what was compacted cannot be read.</summary>
    public async Task<IReadOnlyList<EtcdEvent>> HistoryAsync(string prefix, CancellationToken cancellationToken, long from = 1)
    {
        // The marker is the last event: when it is there, all before it is.
        string marker = $"{prefix}~{Guid.NewGuid():N}";
        await PutAsync(marker, "", cancellationToken);
        var create = new { create_request = new { key = Encode(prefix), range_end = Encode(After(prefix)), start_revision = from } };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v3/watch", UriKind.Relative)) { Content = JsonContent.Create(create) };
        await request.Content.LoadIntoBufferAsync(cancellationToken);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        var history = new List<EtcdEvent>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            using var json = JsonDocument.Parse(line);
            var result = json.RootElement.GetProperty("result");
            if (result.TryGetProperty("canceled", out _))
            {
                throw new InvalidOperationException($"etcd ended the watch: {line}");
            }

            if (!result.TryGetProperty("events", out var events))
            {
                continue;
            }

            foreach (var item in events.EnumerateArray())
            {
                var key = ReadKey(item.GetProperty("kv"));
                if (key.Key == marker)
                {
                    await DeleteAsync(marker, cancellationToken);
                    return history;
                }

                if (key.Key.StartsWith(prefix + "~", StringComparison.Ordinal))
                {
                    continue; // of an earlier call
                }

                history.Add(new(key, item.TryGetProperty("type", out var type) && type.GetString() == "DELETE"));
            }
        }

        throw new InvalidOperationException("etcd ended the watch before the last event");
    }

    /// <summary>Calls anything else, such as <c>auth/user/add</c>.</summary>
    public async Task<JsonElement> CallAsync<T>(string call, T body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, options: JsonSerializerOptions.Default); // names as etcd spells them

        // etcd's gateway wants a length, not chunks.
        await content.LoadIntoBufferAsync(cancellationToken);
        using var answer = await _http.PostAsync(new Uri($"/v3/{call}", UriKind.Relative), content, cancellationToken);
        string text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"etcd {call}: {text}");
        }

        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string After(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static EtcdKey ReadKey(JsonElement item) =>
        new(Decode(item, "key"), Decode(item, "value"), Number(item, "lease"), Number(item, "create_revision"), Number(item, "mod_revision"));

    private static string Decode(JsonElement item, string field) =>
        item.TryGetProperty(field, out var value) ? Encoding.UTF8.GetString(value.GetBytesFromBase64()) : "";

    // The gateway writes 64-bit numbers as text, and leaves a zero out.
    private static long Number(JsonElement item, string field) => item.TryGetProperty(field, out var value) ? long.Parse(value.GetString()!) : 0;
}
