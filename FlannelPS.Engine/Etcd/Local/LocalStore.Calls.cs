using System.Runtime.CompilerServices;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>The calls on keys and leases.</summary>
public sealed partial class LocalStore
{
    /// <summary>etcd's bound (lease/lessor.go, MaxLeaseTTL).</summary>
    private const long LongestTtl = 9_000_000_000;

    /// <inheritdoc/>
    public Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken)
        => CallAsync(writes: false, () => new RangeResult([.. _state.Range(range)], _state.Revision, _state.Head!.Store), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return await RangeAsync(range, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken)
        => CallAsync(
            writes: true,
            () =>
            {
                var keys = Changes(transaction.Success);
                var succeeded = transaction.Guards.All(_state.Holds);
                if (succeeded && keys.Count > 0)
                    Write(keys);
                return new TxnResult(succeeded, _state.Revision);
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken)
        => (await TxnAsync(new([], [new StoreOperation.Put(key, value, leaseId)]), cancellationToken).ConfigureAwait(false)).Revision;

    /// <inheritdoc/>
    public Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken)
        => CallAsync(
            writes: true,
            () =>
            {
                var keys = _state.Range(range).Select(key => new JournalKey(key.Key)).ToArray();
                if (keys.Length > 0)
                    Write(keys);
                return (long)keys.Length;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken)
        => ttlSeconds is < 1 or > LongestTtl
            ? throw Refused($"a time to live of {ttlSeconds} s is not in 1..{LongestTtl}")
            : CallAsync(
                writes: true,
                () =>
                {
                    var id = BitConverter.ToInt64(Entropy.Bytes(sizeof(long))) & long.MaxValue | 1;
                    Keep(id, ttlSeconds);
                    return new EtcdLease(id, ttlSeconds, ttlSeconds);
                },
                cancellationToken);

    /// <inheritdoc/>
    public Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken)
        => CallAsync(
            writes: true,
            () =>
            {
                if (_state.Lease(leaseId) is not { } lease)
                    return 0;
                Keep(leaseId, lease.Ttl);
                return lease.Ttl;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task RevokeAsync(long leaseId, CancellationToken cancellationToken)
        => CallAsync(
            writes: true,
            () =>
            {
                if (_state.Lease(leaseId) is { } lease)
                    End([lease]);
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken)
        => CallAsync(
            writes: false,
            () => _state.Lease(leaseId) is { } lease
                ? new EtcdLease(leaseId, (lease.Ends - Now) / 1000, lease.Ttl)
                : new EtcdLease(leaseId, -1, 0),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken)
        => CallAsync<IReadOnlyList<string>>(writes: false, () => [.. _state.BoundTo(leaseId).Select(key => key.Key)], cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken)
    {
        try
        {
            var format = await CallAsync(writes: false, () => _state.Head!.Format, cancellationToken).ConfigureAwait(false);
            return [new(Description, $"local {format}", IsLeader: true, HasLeader: true, Error: null)];
        }
        catch (StoreException e)
        {
            return [new(Description, Version: null, IsLeader: false, HasLeader: false, e.Message)];
        }
    }

    private void Write(IReadOnlyList<JournalKey> keys) => Commit(new() { Revision = _state.Revision + 1, Keys = keys });

    private void Keep(long id, long ttl) => Commit(new() { Revision = _state.Revision, Leases = [new(id, ttl, Now + ttl * 1000)] });

    /// <summary>What the operations come to. Refuses what etcd refuses: a key twice, a key without a name, an etcd lease that is gone.</summary>
    private List<JournalKey> Changes(IReadOnlyList<StoreOperation> operations)
    {
        var changes = new List<JournalKey>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var operation in operations)
        {
            var change = operation switch
            {
                StoreOperation.Put put => new JournalKey(put.Key, put.Value.ToArray(), put.LeaseId),
                StoreOperation.Delete delete => new JournalKey(delete.Key),
                _ => throw Refused($"{operation.GetType().Name} is no operation of a transaction"),
            };
            if (change.Key.Length == 0)
                throw Refused("a key must have a name");
            if (!seen.Add(change.Key))
                throw Refused($"{change.Key} is there twice in one transaction");
            if (change.Lease != 0 && _state.Lease(change.Lease) is null)
                throw Refused($"{change.Key} cannot be bound to lease {change.Lease:x}, which is gone");
            if (change.Value is not null || _state.Find(change.Key) is not null)
                changes.Add(change);
        }
        return changes;
    }

    private StoreException Refused(string why) => new(StoreFailure.Protocol, $"{Description}: {why}.");
}
