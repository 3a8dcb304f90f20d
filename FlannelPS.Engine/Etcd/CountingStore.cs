using System.Runtime.CompilerServices;

namespace FlannelPS.Engine.Etcd;

/// <summary>A store whose calls are counted. It stands around either kind, so what is repeated inside, over other endpoints, is one call.</summary>
/// <param name="store">The store; owned from now on.</param>
/// <param name="time">The clock.</param>
internal sealed class CountingStore(IStore store, TimeProvider time) : IStore
{
    /// <summary>What was asked so far.</summary>
    public StoreCounters Counters { get; } = new();

    /// <inheritdoc/>
    public string Description => store.Description;

    /// <inheritdoc/>
    public void AddressGone(System.Net.IPAddress address) => store.AddressGone(address);

    /// <inheritdoc/>
    public Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.Range, () => store.RangeAsync(range, cancellationToken));

    /// <inheritdoc/>
    public async IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = store.PagesAsync(range, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var scope = pages.ConfigureAwait(false);
        while (await CountAsync(StoreMethod.Range, () => pages.MoveNextAsync().AsTask()).ConfigureAwait(false))
            yield return pages.Current;
    }

    /// <inheritdoc/>
    public Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.Txn, () => store.TxnAsync(transaction, cancellationToken));

    /// <inheritdoc/>
    public Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.Put, () => store.PutAsync(key, value, leaseId, cancellationToken));

    /// <inheritdoc/>
    public Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.DeleteRange, () => store.DeleteAsync(range, cancellationToken));

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, long startRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Counters.Ended(StoreMethod.Watch, TimeSpan.Zero);
        var batches = store.WatchAsync(range, startRevision, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var scope = batches.ConfigureAwait(false);
        while (await NextAsync(batches).ConfigureAwait(false))
        {
            Counters.Told(batches.Current.Events.Count);
            Counters.Answered(time.GetUtcNow());
            yield return batches.Current;
        }
    }

    /// <inheritdoc/>
    public Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.LeaseGrant, () => store.GrantAsync(ttlSeconds, cancellationToken));

    /// <inheritdoc/>
    public Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.LeaseKeepAlive, () => store.KeepAliveAsync(leaseId, cancellationToken));

    /// <inheritdoc/>
    public Task RevokeAsync(long leaseId, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.LeaseRevoke, async () =>
        {
            await store.RevokeAsync(leaseId, cancellationToken).ConfigureAwait(false);
            return true;
        });

    /// <inheritdoc/>
    public Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.LeaseTimeToLive, () => store.TimeToLiveAsync(leaseId, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken)
        => CountAsync(StoreMethod.LeaseTimeToLive, () => store.KeysOfLeaseAsync(leaseId, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken)
        => CountAsync(StoreMethod.Status, () => store.StatusAsync(cancellationToken));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<T> CountAsync<T>(StoreMethod method, Func<Task<T>> call)
    {
        var began = time.GetTimestamp();
        try
        {
            var answer = await call().ConfigureAwait(false);
            Counters.Answered(time.GetUtcNow());
            return answer;
        }
        catch (StoreException)
        {
            Counters.Failed(method);
            throw;
        }
        finally
        {
            Counters.Ended(method, time.GetElapsedTime(began));
        }
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<WatchBatch> batches)
    {
        try
        {
            return await batches.MoveNextAsync().ConfigureAwait(false);
        }
        // A compacted history is an answer: the store is there.
        catch (StoreException e) when (e is not StoreCompactedException)
        {
            Counters.Failed(StoreMethod.Watch);
            throw;
        }
    }
}
