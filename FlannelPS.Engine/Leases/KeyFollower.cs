using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>What following a range tells: the whole truth, changes to it, or that it can tell nothing at present.</summary>
internal abstract record FollowerUpdate
{
    /// <summary>The whole range.</summary>
    /// <param name="Keys">All keys.</param>
    /// <param name="Revision">The store's revision.</param>
    /// <param name="HistoryLost">The store is another one, or went back to an older state: what is missing here need not have been deleted (F10).</param>
    public sealed record Snapshot(IReadOnlyList<StoreKey> Keys, long Revision, bool HistoryLost) : FollowerUpdate;

    /// <summary>What changed since the last update.</summary>
    public sealed record Changes(IReadOnlyList<StoreEvent> Events) : FollowerUpdate;

    /// <summary>The store cannot be followed. What is known stays.</summary>
    public sealed record Broken(StoreException Reason) : FollowerUpdate;

    /// <summary>The store is followed again, without a gap.</summary>
    public sealed record Resumed : FollowerUpdate;
}

/// <summary>Lists a range and watches it from there on, for ever: over broken streams without a gap (L7), over compaction by listing again (F05).</summary>
/// <param name="store">The store.</param>
/// <param name="range">The keys to follow.</param>
/// <param name="time">The clock.</param>
/// <param name="wantsList">Asked after each batch, progress notifications too: whether the whole range is to be told anew.</param>
internal sealed class KeyFollower(IStore store, KeyRange range, TimeProvider time, Func<bool>? wantsList = null)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private long _revision;
    private long _lists;
    private long _breaks;

    /// <summary>How far it has come.</summary>
    public FollowerProgress Progress => new(Interlocked.Read(ref _revision), Interlocked.Read(ref _lists), Interlocked.Read(ref _breaks));

    /// <summary>Follows until cancelled. Updates are told one after another, on no particular thread.</summary>
    /// <param name="first">A list that was read already; null to begin with one.</param>
    /// <param name="tell">Takes the updates; must not throw.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FollowAsync(RangeResult? first, Action<FollowerUpdate> tell, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time, FirstDelay, LongestDelay);
        var known = (Next: 0L, Cluster: 0UL);
        var list = first;
        while (true)
        {
            list ??= await ListAsync(tell, backoff, cancellationToken).ConfigureAwait(false);
            tell(new FollowerUpdate.Snapshot(list.Keys, list.Revision, IsOtherHistory(list, known)));
            known = (list.Revision + 1, list.ClusterId);
            Interlocked.Exchange(ref _revision, list.Revision);
            Interlocked.Increment(ref _lists);
            list = null;
            known = await WatchAsync(known, tell, backoff, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Watches until a new list is needed.</summary>
    private async Task<(long Next, ulong Cluster)> WatchAsync(
        (long Next, ulong Cluster) known, Action<FollowerUpdate> tell, Backoff backoff, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await foreach (var batch in store.WatchAsync(range, known.Next, cancellationToken).ConfigureAwait(false))
                {
                    if (batch.Events.Count > 0)
                        tell(new FollowerUpdate.Changes(batch.Events));
                    known.Next = batch.NextRevision;
                    Interlocked.Exchange(ref _revision, batch.NextRevision - 1);
                    backoff.Reset();
                    if (wantsList?.Invoke() == true)
                        return known;
                }
            }
            catch (StoreCompactedException)
            {
                return known;
            }
            catch (StoreException e)
            {
                Interlocked.Increment(ref _breaks);
                tell(new FollowerUpdate.Broken(e));
            }
            if (await IsOtherHistoryAsync(known, tell, backoff, cancellationToken).ConfigureAwait(false))
                return known;
            tell(new FollowerUpdate.Resumed());
        }
    }

    private async Task<RangeResult> ListAsync(Action<FollowerUpdate> tell, Backoff backoff, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await store.RangeAsync(range, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException e)
            {
                tell(new FollowerUpdate.Broken(e));
            }
            await backoff.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Before a watch goes on where it broke, one small read tells whether the store still is what it was: a watch on a revision to come would wait in silence.</summary>
    private async Task<bool> IsOtherHistoryAsync(
        (long Next, ulong Cluster) known, Action<FollowerUpdate> tell, Backoff backoff, CancellationToken cancellationToken)
    {
        while (true)
        {
            await backoff.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var here = await store.RangeAsync(KeyRange.One(range.Key), cancellationToken).ConfigureAwait(false);
                return IsOtherHistory(here, known);
            }
            catch (StoreException e)
            {
                tell(new FollowerUpdate.Broken(e));
            }
        }
    }

    private static bool IsOtherHistory(RangeResult here, (long Next, ulong Cluster) known)
        => known.Next > 0 && (here.ClusterId != known.Cluster || here.Revision < known.Next - 1);
}
