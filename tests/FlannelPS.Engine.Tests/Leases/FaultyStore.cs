using System.Runtime.CompilerServices;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>A real store between which and its caller requests or answers are lost.</summary>
internal sealed class FaultyStore(IStore inner) : IStore
{
    private int _broken;

    /// <summary>Called before each call with its name and key; what it throws, the caller gets, and the store was not asked.</summary>
    public Action<string, string> Before { get; set; } = (_, _) => { };

    /// <summary>Called after the store has done what was asked; what it throws, the caller gets in place of the answer.</summary>
    public Action<string, string> After { get; set; } = (_, _) => { };

    /// <summary>Watches that are to break at their next batch, and begin no more, while this is set.</summary>
    public bool WatchesBroken
    {
        get => Volatile.Read(ref _broken) != 0;
        set => Volatile.Write(ref _broken, value ? 1 : 0);
    }

    public static StoreException Unreachable => new(StoreFailure.Unreachable, "the store is away");

    public static StoreException Lost => new(StoreFailure.Unreachable, "the answer was lost") { Ambiguous = true };

    public static StoreException Denied => new(StoreFailure.PermissionDenied, "this user may not write here");

    public static void If(bool fails, StoreException failure)
    {
        if (fails)
            throw failure;
    }

    /// <summary>No call gets through.</summary>
    public bool Away
    {
        set
        {
            Before = value ? (_, _) => throw Unreachable : (_, _) => { };
            WatchesBroken = value;
        }
    }

    public string Description => inner.Description;

    public Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken) => Call("range", range.Key, () => inner.RangeAsync(range, cancellationToken));

    public IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, CancellationToken cancellationToken) => inner.PagesAsync(range, cancellationToken);

    public Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken)
        => Call("txn", transaction.Guards[0].Range.Key, () => inner.TxnAsync(transaction, cancellationToken));

    public Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken)
        => Call("put", key, () => inner.PutAsync(key, value, leaseId, cancellationToken));

    public Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken) => Call("delete", range.Key, () => inner.DeleteAsync(range, cancellationToken));

    public async IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, long startRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (WatchesBroken)
            throw Unreachable;
        Before("watch", range.Key);
        await foreach (var batch in inner.WatchAsync(range, startRevision, cancellationToken))
        {
            if (WatchesBroken)
                throw Unreachable;
            yield return batch;
        }
    }

    public Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken) => Call("grant", "", () => inner.GrantAsync(ttlSeconds, cancellationToken));

    public Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken) => Call("keepalive", "", () => inner.KeepAliveAsync(leaseId, cancellationToken));

    public Task RevokeAsync(long leaseId, CancellationToken cancellationToken) => Call("revoke", "", async () =>
    {
        await inner.RevokeAsync(leaseId, cancellationToken);
        return true;
    });

    public Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken) => Call("ttl", "", () => inner.TimeToLiveAsync(leaseId, cancellationToken));

    public Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken) => Call("keys", "", () => inner.KeysOfLeaseAsync(leaseId, cancellationToken));

    public Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken) => inner.StatusAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<T> Call<T>(string name, string key, Func<Task<T>> call)
    {
        Before(name, key);
        var answer = await call();
        After(name, key);
        return answer;
    }
}
