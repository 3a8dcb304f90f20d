using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>Leases as a stream of changes for people and scripts, over restarts of the store and compaction of its history.</summary>
internal sealed class LeaseWatch : IAsyncDisposable
{
    private readonly Channel<LeaseChange> _changes = Channel.CreateUnbounded<LeaseChange>(new() { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly StoreKeys _keys;
    private readonly Task _loop;
    private Dictionary<string, Lease> _known;
    private bool _begun;

    private LeaseWatch(IStore store, StoreKeys keys, RangeResult list, bool existing, long? since, TimeProvider time)
    {
        _keys = keys;
        var standing = LeasesOf(list);
        if (since <= list.Revision)
        {
            // What is younger comes by the history; what is not is known, so that a later list does not tell it as new.
            _known = standing.Where(lease => lease.ModRevision <= since).ToDictionary(lease => lease.Key, StringComparer.Ordinal);
            list = new([], since.Value, list.ClusterId);
        }
        else
        {
            _known = standing.ToDictionary(lease => lease.Key, StringComparer.Ordinal);
            // A revision that the store has not reached is one of another history.
            if (since is not null)
                Tell(LeaseChangeKind.Reset, null, list.Revision);
            if (existing || since is not null)
                standing.ForEach(lease => Tell(LeaseChangeKind.Added, lease, lease.ModRevision));
        }
        _loop = Task.Run(() => FollowAsync(new KeyFollower(store, keys.Subnets, time), list));
    }

    /// <summary>Begins to watch: once it returns, no change is missed.</summary>
    /// <exception cref="StoreException">The store does not answer. Later failures are told as <see cref="LeaseChangeKind.Broken"/>.</exception>
    public static async Task<LeaseWatch> BeginAsync(IStore store, string prefix, bool existing, long? since, TimeProvider time, CancellationToken cancellationToken)
    {
        var keys = new StoreKeys(prefix);
        var list = await store.RangeAsync(keys.Subnets, cancellationToken).ConfigureAwait(false);
        return new(store, keys, list, existing, since, time);
    }

    /// <summary>The changes that a request asks for.</summary>
    public static async IAsyncEnumerable<LeaseChange> ReadAsync(
        IStore store, string prefix, LeaseWatchRequest request, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        await using var watch = await BeginAsync(store, prefix, request.Existing, request.Since, time, cancellationToken).ConfigureAwait(false);
        for (var told = 0L; told < request.Count;)
        {
            var left = request.Limit == Timeout.InfiniteTimeSpan ? request.Limit : request.Limit - time.GetElapsedTime(began);
            if (left != Timeout.InfiniteTimeSpan && left <= TimeSpan.Zero || await watch.NextAsync(left, cancellationToken).ConfigureAwait(false) is not { } change)
                yield break;
            if (change.IsOfLeases)
                told++;
            yield return change;
        }
    }

    /// <summary>The same on a connection of its own, for who runs beside the pipeline.</summary>
    /// <param name="options">How to reach the store.</param>
    /// <param name="prefix">Which network.</param>
    /// <param name="request">What to tell.</param>
    /// <param name="tell">Takes the changes one after another.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(StoreOptions options, string prefix, LeaseWatchRequest request, Action<LeaseChange> tell, CancellationToken cancellationToken)
    {
        var store = Store.Open(options);
        await using var _ = store.ConfigureAwait(false);
        await foreach (var change in ReadAsync(store, prefix, request, TimeProvider.System, cancellationToken).ConfigureAwait(false))
            tell(change);
    }

    /// <summary>The next change; null when there was none for a while.</summary>
    public async Task<LeaseChange?> NextAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (_changes.Reader.TryRead(out var ready))
            return ready;
        using var alarm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        alarm.CancelAfter(patience);
        try
        {
            return await _changes.Reader.ReadAsync(alarm.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync(KeyFollower follower, RangeResult first)
    {
        try
        {
            await follower.FollowAsync(first, Take, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _changes.Writer.TryComplete(e);    // the reader's to see: nobody else looks at this task
        }
    }

    private void Take(FollowerUpdate update)
    {
        switch (update)
        {
            case FollowerUpdate.Snapshot when !_begun:
                _begun = true;    // ours, given to begin with
                break;
            case FollowerUpdate.Snapshot snapshot:
                TakeList(snapshot);
                break;
            case FollowerUpdate.Changes changes:
                foreach (var change in changes.Events)
                    TakeEvent(change);
                break;
            case FollowerUpdate.Broken broken:
                Tell(LeaseChangeKind.Broken, null, 0, broken.Reason.Message);
                break;
            case FollowerUpdate.Resumed:
                Tell(LeaseChangeKind.Resumed, null, 0);
                break;
        }
    }

    private void TakeList(FollowerUpdate.Snapshot snapshot)
    {
        Tell(LeaseChangeKind.Reset, null, snapshot.Revision);
        var before = _known;
        var now = LeasesOf(new(snapshot.Keys, snapshot.Revision, 0));
        _known = now.ToDictionary(lease => lease.Key, StringComparer.Ordinal);
        foreach (var lease in before.Values.Where(lease => !_known.ContainsKey(lease.Key)).OrderBy(lease => lease.Key, StringComparer.Ordinal))
            Tell(LeaseChangeKind.Removed, lease, snapshot.Revision);
        foreach (var lease in now)
        {
            if (!before.TryGetValue(lease.Key, out var old))
                Tell(LeaseChangeKind.Added, lease, lease.ModRevision);
            else if (!IsSame(old, lease))
                Tell(LeaseChangeKind.Updated, lease, lease.ModRevision);
        }
    }

    private void TakeEvent(StoreEvent change)
    {
        var lease = change is StoreEvent.Put put ? LeaseReader.Read(_keys.SubnetPrefix, put.Item) as Lease : null;
        if (lease is not null)
        {
            var isNew = !_known.ContainsKey(lease.Key) && lease.CreateRevision == lease.ModRevision;
            _known[lease.Key] = lease;
            Tell(isNew ? LeaseChangeKind.Added : LeaseChangeKind.Updated, lease, lease.ModRevision);
        }
        else if (_known.Remove(change.Key, out var last))
            Tell(LeaseChangeKind.Removed, last, change.ModRevision);
        else if (change is StoreEvent.Deleted && Subnet.ParseKey(change.Key.AsSpan(_keys.SubnetPrefix.Length)) is { } subnet)
            // It stood before the history begins that was asked for: its key is all that is known of it.
            Tell(LeaseChangeKind.Removed, new(change.Key, subnet, new(IPAddress.Any, null, "", default, default), 0, 0, change.ModRevision), change.ModRevision);
    }

    private List<Lease> LeasesOf(RangeResult list) => [.. list.Keys.Select(item => LeaseReader.Read(_keys.SubnetPrefix, item)).OfType<Lease>()];

    // In a store made anew the revisions come again, so the words count too.
    private static bool IsSame(Lease one, Lease other)
        => one.ModRevision == other.ModRevision && one.EtcdLeaseId == other.EtcdLeaseId
            && LeaseValue.Write(one.Attributes).AsSpan().SequenceEqual(LeaseValue.Write(other.Attributes));

    private void Tell(LeaseChangeKind kind, Lease? lease, long revision, string problem = "") => _changes.Writer.TryWrite(new(kind, lease, revision, problem));
}
