using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>What the store holds where a network's configuration belongs.</summary>
/// <param name="Json">The configuration's text; null for none.</param>
/// <param name="Revision">Its mod revision; 0 for none.</param>
/// <param name="Origin">Which store and which place in it: two of the same origin have comparable revisions.</param>
internal sealed record StoredConfig(ReadOnlyMemory<byte>? Json, long Revision, string Origin);

/// <summary>The leases of a network at one revision.</summary>
/// <param name="Leases">What is a lease; keys that are none do not count.</param>
/// <param name="Revision">The store's revision then.</param>
internal sealed record LeasesAt(IReadOnlyList<Lease> Leases, long Revision);

/// <summary>Reads, writes and removes a network's configuration in a store. What is written rests on what was read: every change is guarded by the revision.</summary>
internal sealed class NetworkConfigStore(IStore store, string prefix)
{
    private readonly StoreKeys _keys = new(prefix);

    /// <summary>The configuration's key.</summary>
    public string Key => _keys.Config;

    /// <summary>Reads it.</summary>
    /// <exception cref="StoreException">The store does not answer.</exception>
    public async Task<StoredConfig> ReadAsync(CancellationToken cancellationToken)
    {
        var range = await store.RangeAsync(KeyRange.One(_keys.Config), cancellationToken).ConfigureAwait(false);
        var origin = $"{(range.ClusterId == 0 ? store.Description : range.ClusterId.ToString("x"))} {_keys.Config}";
        return range.Keys is [var item] ? new(item.Value, item.ModRevision, origin) : new(null, 0, origin);
    }

    /// <summary>Reads the leases that a change would concern.</summary>
    /// <exception cref="StoreException">The store does not answer.</exception>
    public async Task<LeasesAt> LeasesAsync(CancellationToken cancellationToken)
    {
        var range = await store.RangeAsync(_keys.Subnets, cancellationToken).ConfigureAwait(false);
        return new([.. range.Keys.Select(item => LeaseReader.Read(_keys.SubnetPrefix, item)).OfType<Lease>()], range.Revision);
    }

    /// <summary>Writes it.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="seen">What stood there when it was decided.</param>
    /// <param name="leases">The leases it was decided by; null where they do not matter.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The revision; null where somebody was faster, and nothing was written.</returns>
    /// <exception cref="StoreException">The store does not answer, or refuses.</exception>
    public Task<long?> WriteAsync(ReadOnlyMemory<byte> json, StoredConfig seen, LeasesAt? leases, CancellationToken cancellationToken)
        => ChangeAsync(new StoreOperation.Put(_keys.Config, json, 0), seen, leases, now => now.Json is { } text && text.Span.SequenceEqual(json.Span), cancellationToken);

    /// <summary>Removes it.</summary>
    /// <inheritdoc cref="WriteAsync"/>
    public Task<long?> RemoveAsync(StoredConfig seen, LeasesAt? leases, CancellationToken cancellationToken)
        => ChangeAsync(new StoreOperation.Delete(_keys.Config), seen, leases, now => now.Json is null, cancellationToken);

    private async Task<long?> ChangeAsync(StoreOperation change, StoredConfig seen, LeasesAt? leases, Func<StoredConfig, bool> isDone, CancellationToken cancellationToken)
    {
        List<StoreCompare> guards = [seen.Json is null ? StoreCompare.Absent(_keys.Config) : StoreCompare.Unchanged(_keys.Config, seen.Revision)];
        if (leases is not null)
            guards.Add(StoreCompare.NoneCreatedAfter(_keys.Subnets, leases.Revision));
        try
        {
            var result = await store.TxnAsync(new(guards, [change]), cancellationToken).ConfigureAwait(false);
            return result.Succeeded ? result.Revision : null;
        }
        catch (StoreException e) when (e.Ambiguous)
        {
            // The answer was lost, not necessarily the write: what stands there now tells.
            var now = await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (!isDone(now) || now.Revision == seen.Revision && seen.Json is not null)
                throw;
            return now.Revision;
        }
    }
}
