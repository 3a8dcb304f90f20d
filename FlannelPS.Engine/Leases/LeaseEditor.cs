using System.Net;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>What becomes of leases by an operator's hand. Every write is guarded by the revision that was looked at (R11).</summary>
internal sealed class LeaseEditor(IStore store, string prefix)
{
    /// <summary>What a reservation lives for that is made a lease again (R3).</summary>
    public const long LeaseSeconds = 86_400;

    private readonly StoreKeys _keys = new(prefix);
    private Task<IReadOnlyDictionary<string, string>>? _liveHosts;

    /// <summary>The leases that may be meant: of one IPv4 subnet those with every IPv6 half, else all.</summary>
    public async Task<IReadOnlyList<Lease>> FindAsync(IPNetwork? exact, CancellationToken cancellationToken)
    {
        var range = exact is { } network && network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? KeyRange.Prefix(_keys.Of(new(network, null)))
            : _keys.Subnets;
        var list = await store.RangeAsync(range, cancellationToken).ConfigureAwait(false);
        return [.. list.Keys.Select(item => LeaseReader.Read(_keys.SubnetPrefix, item)).OfType<Lease>()];
    }

    /// <summary>The host that runs and says the lease is its own; null for none. A claim lives no longer than a minute after its instance.</summary>
    public async Task<string?> LiveHostAsync(Lease lease, CancellationToken cancellationToken)
        => (await (_liveHosts ??= ReadClaimsAsync(cancellationToken)).ConfigureAwait(false)).GetValueOrDefault(lease.Key[_keys.SubnetPrefix.Length..]);

    /// <summary>Deletes a lease or a reservation, and its etcd lease if that has no other key.</summary>
    /// <returns>False when it is not any more what was looked at; then nothing was done.</returns>
    public async Task<bool> DeleteAsync(Lease lease, CancellationToken cancellationToken)
    {
        if (await CommitAsync(lease, new StoreOperation.Delete(lease.Key), static here => here is null, cancellationToken).ConfigureAwait(false) is null)
            return false;
        await ReleaseAsync(lease.EtcdLeaseId, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes a lease's time to live away; what it says stays to the byte.</summary>
    /// <returns>Null when it is not any more what was looked at.</returns>
    public Task<Lease?> PinAsync(Lease lease, CancellationToken cancellationToken) => RebindAsync(lease, 0, cancellationToken);

    /// <summary>Gives a reservation a time to live again.</summary>
    /// <inheritdoc cref="PinAsync"/>
    public async Task<Lease?> UnpinAsync(Lease lease, CancellationToken cancellationToken)
    {
        var granted = await store.GrantAsync(LeaseSeconds, cancellationToken).ConfigureAwait(false);
        Lease? done = null;
        try
        {
            done = await RebindAsync(lease, granted.Id, cancellationToken).ConfigureAwait(false);
            return done;
        }
        finally
        {
            if (done is null)
                await ReleaseAsync(granted.Id, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<Lease?> RebindAsync(Lease lease, long etcdLease, CancellationToken cancellationToken)
    {
        var here = await store.RangeAsync(KeyRange.One(lease.Key), cancellationToken).ConfigureAwait(false);
        if (here.Keys is not [var item] || item.ModRevision != lease.ModRevision)
            return null;
        var put = new StoreOperation.Put(lease.Key, item.Value, etcdLease);
        if (await CommitAsync(lease, put, now => now?.LeaseId == etcdLease && now.Value.Span.SequenceEqual(item.Value.Span), cancellationToken).ConfigureAwait(false) is not { } revision)
            return null;
        await ReleaseAsync(lease.EtcdLeaseId, cancellationToken).ConfigureAwait(false);
        return lease with { EtcdLeaseId = etcdLease, ModRevision = revision };
    }

    /// <summary>Does one thing with a key that is as it was looked at.</summary>
    /// <returns>The store's revision; null when the key has changed.</returns>
    private async Task<long?> CommitAsync(Lease lease, StoreOperation operation, Func<StoreKey?, bool> isDone, CancellationToken cancellationToken)
    {
        try
        {
            var result = await store.TxnAsync(new([StoreCompare.Unchanged(lease.Key, lease.ModRevision)], [operation]), cancellationToken).ConfigureAwait(false);
            return result.Succeeded ? result.Revision : null;
        }
        catch (StoreException e) when (e.Ambiguous)
        {
            // The answer was lost, perhaps not the write: the key itself tells (F08).
            var here = await store.RangeAsync(KeyRange.One(lease.Key), cancellationToken).ConfigureAwait(false);
            var now = here.Keys is [var item] ? item : null;
            if (now?.ModRevision == lease.ModRevision)
                throw;
            return isDone(now) ? now?.ModRevision ?? here.Revision : null;
        }
    }

    /// <summary>Ends an etcd lease that no key stands on. It would end by itself too, so that nothing is lost where the store refuses.</summary>
    private async Task ReleaseAsync(long etcdLease, CancellationToken cancellationToken)
    {
        if (etcdLease == 0)
            return;
        try
        {
            if ((await store.KeysOfLeaseAsync(etcdLease, cancellationToken).ConfigureAwait(false)).Count == 0)
                await store.RevokeAsync(etcdLease, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // Left to its time.
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> ReadClaimsAsync(CancellationToken cancellationToken)
    {
        var hosts = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var range = await store.RangeAsync(_keys.Claims, cancellationToken).ConfigureAwait(false);
            foreach (var claim in range.Keys.Select(item => NodeClaim.Read(item.Value)).OfType<NodeClaim>())
                hosts[claim.Subnet ?? ""] = LeaseReader.Printable(claim.Host ?? "");
        }
        catch (StoreException)
        {
            // Not to be read by this user, as in D6: everything goes on without.
        }
        return hosts;
    }
}
