using System.Runtime.CompilerServices;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>One key of the network's leases as a list shows it.</summary>
/// <param name="Lease">The lease; null where the key is none.</param>
/// <param name="Invalid">Why the key is no lease; null where it is one.</param>
/// <param name="Life">What is left of its etcd lease; null for a reservation, and where it was not asked for.</param>
/// <param name="ReadAt">When <paramref name="Life"/> was asked for.</param>
internal sealed record ListedLease(Lease? Lease, InvalidLease? Invalid, EtcdLease? Life, DateTimeOffset ReadAt);

/// <summary>Lists leases for people, with the time each has left. The node itself needs no such times .</summary>
internal static class LeaseListing
{
    /// <summary>Questions on the way at once: enough to hide the way there and back, not enough to be a burden to etcd.</summary>
    private const int Window = 192;

    /// <summary>Leases given at once, at most: to wake the reader for each of thousands costs more than the question.</summary>
    private const int LargestBatch = 64;

    /// <summary>Lists what the filter lets through, in the order of the keys: the first alone, as soon as its time is known, then in growing batches.</summary>
    /// <param name="store">The store.</param>
    /// <param name="prefix">The network's prefix.</param>
    /// <param name="filter">Decides by the lease alone; keys that are no lease always come.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the list.</param>
    /// <exception cref="StoreException">The store does not answer.</exception>
    public static async IAsyncEnumerable<IReadOnlyList<ListedLease>> ReadAsync(
        IStore store, string prefix, Func<Lease, bool> filter, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var keys = new StoreKeys(prefix);
        var underWay = new Queue<Task<ListedLease>>(Window + LargestBatch);
        var batch = 1;
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pages = store.PagesAsync(keys.Subnets, reading.Token).GetAsyncEnumerator(reading.Token);
        var next = pages.MoveNextAsync().AsTask();
        try
        {
            while (await next.ConfigureAwait(false))
            {
                var page = pages.Current.Keys;
                // On its way while this one's times are asked for.
                next = pages.MoveNextAsync().AsTask();
                foreach (var item in page)
                {
                    var read = LeaseReader.Read(keys.SubnetPrefix, item);
                    if (read is Lease lease && !filter(lease))
                        continue;
                    underWay.Enqueue(WithLifeAsync(read));
                    if (underWay.Count >= Window + batch)
                        yield return await TakeAsync().ConfigureAwait(false);
                }
                // Who looks at the first lease only shall not wait for a second page.
                if (batch == 1 && underWay.Count > 0)
                    yield return await TakeAsync().ConfigureAwait(false);
            }
            while (underWay.Count > 0)
                yield return await TakeAsync().ConfigureAwait(false);
        }
        finally
        {
            // A reader that has seen enough leaves a page on its way.
            await reading.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await pages.DisposeAsync().ConfigureAwait(false);
        }

        async Task<IReadOnlyList<ListedLease>> TakeAsync()
        {
            var taken = new ListedLease[Math.Min(batch, underWay.Count)];
            batch = Math.Min(batch * 4, LargestBatch);
            for (var i = 0; i < taken.Length; i++)
                taken[i] = await underWay.Dequeue().ConfigureAwait(false);
            return taken;
        }

        async Task<ListedLease> WithLifeAsync(object read)
        {
            if (read is not Lease lease)
                return new(null, (InvalidLease)read, null, default);
            var life = lease.IsReservation ? null : await store.TimeToLiveAsync(lease.EtcdLeaseId, cancellationToken).ConfigureAwait(false);
            return new(lease, null, life, time.GetUtcNow());
        }
    }
}
