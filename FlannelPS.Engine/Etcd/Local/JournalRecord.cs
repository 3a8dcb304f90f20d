using System.Text.Json.Serialization;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>One line of the journal: what one call changed, or one piece of the state a journal begins with.</summary>
/// <remarks>Exactly what is set is written; see docs/local-store.md for the format.</remarks>
internal sealed record JournalRecord
{
    /// <summary>The store's revision after this record. Leases alone do not raise it, as in etcd.</summary>
    [JsonPropertyName("rev")]
    public long Revision { get; init; }

    /// <summary>The first line of a journal has this, and no other line.</summary>
    [JsonPropertyName("head")]
    public JournalHead? Head { get; init; }

    /// <summary>Keys put and deleted, in order.</summary>
    [JsonPropertyName("keys")]
    public IReadOnlyList<JournalKey>? Keys { get; init; }

    /// <summary>etcd leases granted, kept alive or ended.</summary>
    [JsonPropertyName("leases")]
    public IReadOnlyList<JournalLease>? Leases { get; init; }

    /// <summary>The machine was found booted anew: every lease lives its full time from here.</summary>
    [JsonPropertyName("boot")]
    public JournalBoot? Boot { get; init; }
}

/// <summary>How a journal begins.</summary>
/// <param name="Format">1.</param>
/// <param name="Store">Drawn when the store is made, kept by compaction: another one means another history.</param>
/// <param name="Compacted">The revision up to which events are gone; 0 when none is.</param>
/// <param name="Boot">kernel/random/boot_id of the boot that the leases' clock belongs to.</param>
internal sealed record JournalHead(
    [property: JsonPropertyName("format")] int Format,
    [property: JsonPropertyName("store")] ulong Store,
    [property: JsonPropertyName("compacted")] long Compacted,
    [property: JsonPropertyName("boot")] string Boot);

/// <summary>One key put or deleted.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value; null when it was deleted.</param>
/// <param name="Lease">The etcd lease it dies with, or 0.</param>
/// <param name="Created">In the state a journal begins with: its create revision.</param>
/// <param name="Modified">In the state a journal begins with: its mod revision. 0 marks an event.</param>
internal sealed record JournalKey(
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("value")] byte[]? Value = null,
    [property: JsonPropertyName("lease")] long Lease = 0,
    [property: JsonPropertyName("created")] long Created = 0,
    [property: JsonPropertyName("modified")] long Modified = 0);

/// <summary>One etcd lease.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ttl">Seconds it was granted for; 0 when it has ended.</param>
/// <param name="Ends">When it ends, in milliseconds of the machine's monotonic clock.</param>
internal sealed record JournalLease(
    [property: JsonPropertyName("id")] long Id,
    [property: JsonPropertyName("ttl")] long Ttl = 0,
    [property: JsonPropertyName("ends")] long Ends = 0);

/// <summary>A new boot.</summary>
/// <param name="Id">kernel/random/boot_id.</param>
/// <param name="At">When it was noticed, in milliseconds of its monotonic clock.</param>
internal sealed record JournalBoot(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("at")] long At);

/// <summary>JSON without reflection.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(JournalRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;
