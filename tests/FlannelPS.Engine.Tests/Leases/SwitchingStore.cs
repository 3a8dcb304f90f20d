using System.Runtime.CompilerServices;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>One address behind which another store stands from some moment on, as after a restore from nothing.</summary>
internal sealed class SwitchingStore(IStore first) : IStore
{
    private CancellationTokenSource _switched = new();
    private IStore _current = first;

    public IStore Current
    {
        get => _current;
        set
        {
            _current = value;
            Interlocked.Exchange(ref _switched, new()).Cancel();
        }
    }

    public string Description => Current.Description;

    public Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken) => Current.RangeAsync(range, cancellationToken);

    public IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, CancellationToken cancellationToken) => Current.PagesAsync(range, cancellationToken);

    public Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken) => Current.TxnAsync(transaction, cancellationToken);

    public Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken) => Current.PutAsync(key, value, leaseId, cancellationToken);

    public Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken) => Current.DeleteAsync(range, cancellationToken);

    public async IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, long startRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _switched.Token);
        await using var watch = Current.WatchAsync(range, startRevision, either.Token).GetAsyncEnumerator(either.Token);
        while (true)
        {
            try
            {
                if (!await watch.MoveNextAsync())
                    break;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw FaultyStore.Unreachable;
            }
            yield return watch.Current;
        }
    }

    public Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken) => Current.GrantAsync(ttlSeconds, cancellationToken);

    public Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken) => Current.KeepAliveAsync(leaseId, cancellationToken);

    public Task RevokeAsync(long leaseId, CancellationToken cancellationToken) => Current.RevokeAsync(leaseId, cancellationToken);

    public Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken) => Current.TimeToLiveAsync(leaseId, cancellationToken);

    public Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken) => Current.KeysOfLeaseAsync(leaseId, cancellationToken);

    public Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken) => Current.StatusAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _switched.Dispose();
        return ValueTask.CompletedTask;
    }
}
