using System.Runtime.CompilerServices;

namespace FlannelPS.Engine.Etcd;

/// <summary>A store whose calls are counted. It stands around either kind, so what is repeated inside, over other endpoints, is one call.</summary>
/// <param name="store">The store; owned from now on.</param>
/// <param name="time">The clock.</param>
internal sealed class CountingStore(IStore store, TimeProvider time) : IStore
{
    private static readonly StoreMethod[] Methods = Enum.GetValues<StoreMethod>();
    private readonly long[] _requests = new long[Methods.Length];
    private readonly long[] _failures = new long[Methods.Length];
    private readonly long[] _ticks = new long[Methods.Length];
    private long _events;
    private long _lastAnswer;

    /// <summary>What was asked so far.</summary>
    public StoreCounters Counters => new(
        [.. Methods.Select(method => new StoreMethodCount(method, Read(_requests, method), Read(_failures, method), TimeSpan.FromTicks(Read(_ticks, method))))],
        Interlocked.Read(ref _events), Interlocked.Read(ref _lastAnswer) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null);

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
        Interlocked.Increment(ref _requests[(int)StoreMethod.Watch]);
        var batches = store.WatchAsync(range, startRevision, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var scope = batches.ConfigureAwait(false);
        while (await NextAsync(batches).ConfigureAwait(false))
        {
            Interlocked.Add(ref _events, batches.Current.Events.Count);
            Answered();
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
            Answered();
            return answer;
        }
        catch (StoreException)
        {
            Interlocked.Increment(ref _failures[(int)method]);
            throw;
        }
        finally
        {
            Interlocked.Add(ref _ticks[(int)method], time.GetElapsedTime(began).Ticks);
            Interlocked.Increment(ref _requests[(int)method]);
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
            Interlocked.Increment(ref _failures[(int)StoreMethod.Watch]);
            throw;
        }
    }

    private void Answered() => Interlocked.Exchange(ref _lastAnswer, time.GetUtcNow().UtcTicks);

    private static long Read(long[] counts, StoreMethod method) => Interlocked.Read(ref counts[(int)method]);
}
