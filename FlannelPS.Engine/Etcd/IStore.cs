namespace FlannelPS.Engine.Etcd;

/// <summary>
/// The registry as flannel needs it: etcd's data model (revisions, guarded transactions, leases, watches), whoever serves it.
/// </summary>
/// <remarks>
/// Implemented by <c>EtcdStore</c> (etcd v3 over gRPC) and <c>LocalStore</c> (a folder on one machine); both pass the same contract tests.
/// Every call throws <see cref="StoreException"/> on failure and <see cref="OperationCanceledException"/> when cancelled by the caller.
/// Source: etcd rpc.proto, services KV, Watch and Lease.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>What messages call this store: endpoints without user or password, or the folder.</summary>
    string Description { get; }

    /// <summary>Reads all keys of a range at one revision (linearizable), in key order. Large ranges are paged inside.</summary>
    Task<RangeResult> RangeAsync(KeyRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the same page by page, for who can begin before the last key is there; the first page is a small one. All pages are of the first one's revision,
    /// unless that is compacted away between two of them: then the rest is of a later one.
    /// </summary>
    IAsyncEnumerable<RangeResult> PagesAsync(KeyRange range, CancellationToken cancellationToken);

    /// <summary>Runs one transaction: all compares hold, or nothing of <see cref="StoreTxn.Success"/> is done.</summary>
    /// <exception cref="StoreException">With <see cref="StoreException.Ambiguous"/> set when the store may or may not have applied it.</exception>
    Task<TxnResult> TxnAsync(StoreTxn transaction, CancellationToken cancellationToken);

    /// <summary>Writes one key without a guard. For operators' keys (the network configuration); leases go through <see cref="TxnAsync"/>.</summary>
    /// <returns>The store revision of the write.</returns>
    Task<long> PutAsync(string key, ReadOnlyMemory<byte> value, long leaseId, CancellationToken cancellationToken);

    /// <summary>Deletes a range without a guard.</summary>
    /// <returns>How many keys were deleted.</returns>
    Task<long> DeleteAsync(KeyRange range, CancellationToken cancellationToken);

    /// <summary>
    /// One watch stream, from <paramref name="startRevision"/> on. It ends by an exception only: <see cref="StoreException"/> when the stream broke
    /// (the caller watches again from the last event's revision + 1), <see cref="StoreCompactedException"/> when that revision is gone (the caller lists again).
    /// </summary>
    /// <remarks>
    /// All events of one revision arrive in one batch. A batch without events is a progress notification: nothing happened up to its revision.
    /// Silence is proven: where no event arrives the store is asked for progress, and a stream that does not answer is ended as broken.
    /// A member without a leader ends the stream too.
    /// </remarks>
    /// <param name="range">The keys to watch.</param>
    /// <param name="startRevision">First revision to be told; at least 1.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, long startRevision, CancellationToken cancellationToken);

    /// <summary>Grants an etcd lease of <paramref name="ttlSeconds"/> seconds.</summary>
    Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken);

    /// <summary>Keeps an etcd lease alive once.</summary>
    /// <returns>Seconds to live from now on; 0 when the lease is gone.</returns>
    Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken);

    /// <summary>Ends an etcd lease and with it the keys bound to it. A lease that is gone already is no error.</summary>
    Task RevokeAsync(long leaseId, CancellationToken cancellationToken);

    /// <summary>Asks for the rest of an etcd lease's life.</summary>
    Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken);

    /// <summary>Asks which keys an etcd lease would take with it; none for a lease that is gone.</summary>
    Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken);

    /// <summary>Asks each endpoint for its state. A dead endpoint is a row with its error, not an exception.</summary>
    Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken);

    /// <summary>This host has an address no more: what was under way from it fails now rather than late.</summary>
    void AddressGone(System.Net.IPAddress address)
    {
    }
}
