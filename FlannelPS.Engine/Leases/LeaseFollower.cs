using System.Collections.Immutable;
using FlannelPS.Engine.Etcd;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Leases;

/// <summary>Keeps the lease table equal to the store, and says when it changed.</summary>
internal sealed class LeaseFollower
{
    /// <summary>A flood of bad keys is told by its first ones; all of them stand in the table.</summary>
    private const int ToldAMinute = 20;

    /// <summary>Least time between two lists that are asked for because there is room again.</summary>
    private static readonly TimeSpan BetweenLists = TimeSpan.FromSeconds(10);
    private readonly LogBudget _skipped;
    private readonly StoreKeys _keys;
    private readonly KeyFollower _follower;
    private readonly TimeProvider _time;
    private readonly TimeSpan _grace;
    private readonly ILogger _logger;
    private readonly Dictionary<string, long> _departing = new(StringComparer.Ordinal);
    private bool _toldTooMany;
    private long _listed;
    private volatile bool _broken;
    private volatile LeaseTable _table = LeaseTable.Unknown;

    /// <param name="store">Where the leases are.</param>
    /// <param name="keys">Below which prefix.</param>
    /// <param name="grace">How long leases stay that a store has forgotten rather than deleted (F10).</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    public LeaseFollower(IStore store, StoreKeys keys, TimeSpan grace, TimeProvider time, ILogger logger)
    {
        (_keys, _grace, _time, _logger) = (keys, grace, time, logger);
        _skipped = new LogBudget(time, ToldAMinute);
        _follower = new KeyFollower(store, keys.Subnets, time, HasRoomAgain);
    }

    /// <summary>All leases as last seen.</summary>
    public LeaseTable Table => _table;

    /// <summary>How far it has come.</summary>
    public FollowerProgress Progress => _follower.Progress;

    /// <summary>Follows until cancelled.</summary>
    /// <param name="first">A list that was read already.</param>
    /// <param name="told">Called after the table took an update in.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FollowAsync(RangeResult? first, Action<FollowerUpdate> told, CancellationToken cancellationToken)
    {
        var telling = new object();
        using var graceEnds = _time.CreateTimer(_ =>
        {
            lock (telling)
                if (!_broken && EndGrace())
                    told(new FollowerUpdate.Changes([]));
        }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await _follower.FollowAsync(first, update =>
        {
            lock (telling)
            {
                Take(update);
                if (update is FollowerUpdate.Snapshot { HistoryLost: true } or FollowerUpdate.Resumed)
                    graceEnds.Change(_grace + TimeSpan.FromMilliseconds(100), Timeout.InfiniteTimeSpan);
                told(update);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes leases out whose time of grace is over; not while the store is away, which is told nothing by its nodes then.</summary>
    /// <returns>Whether any went.</returns>
    internal bool EndGrace()
    {
        lock (_departing)
        {
            var over = _departing.Where(entry => _time.GetElapsedTime(entry.Value) >= _grace).Select(entry => entry.Key).ToList();
            if (over.Count == 0)
                return false;
            foreach (var key in over)
                _departing.Remove(key);
            _table = _table with { Leases = _table.Leases.RemoveRange(over) };
            return true;
        }
    }

    /// <summary>Whether keys were left out for which there is room by now (F69).</summary>
    private bool HasRoomAgain()
        => _table is { Ignored: > 0 } table && table.Leases.Count + table.Invalid.Count < LeaseTable.Maximum && _time.GetElapsedTime(_listed) >= BetweenLists;

    private void Take(FollowerUpdate update)
    {
        _broken = update is FollowerUpdate.Broken;
        lock (_departing)
        {
            switch (update)
            {
                case FollowerUpdate.Snapshot snapshot:
                    TakeSnapshot(snapshot);
                    break;
                case FollowerUpdate.Changes changes:
                    foreach (var change in changes.Events)
                        _departing.Remove(change.Key);
                    var before = _table;
                    _table = before.With(_keys.SubnetPrefix, changes.Events);
                    Report(before.Invalid);
                    break;
            }
        }
    }

    private void TakeSnapshot(FollowerUpdate.Snapshot snapshot)
    {
        _listed = _time.GetTimestamp();
        var before = _table;
        var table = LeaseTable.Of(_keys.SubnetPrefix, snapshot.Keys, LeaseTable.Maximum);
        if (snapshot.HistoryLost)
        {
            // A restored or emptied store forgets leases whose nodes are alive and will write them again: give them the time to.
            foreach (var (key, lease) in before.Leases)
            {
                if (table.Leases.ContainsKey(key))
                {
                    _departing.Remove(key);
                    continue;
                }
                // Where the history is lost a second time, the first time's grace goes on.
                _departing.TryAdd(key, _time.GetTimestamp());
                table = table with { Leases = table.Leases.Add(key, lease) };
            }
            _logger.StoreHistoryLost(_departing.Count, _grace.TotalSeconds);
        }
        else
        {
            // A lease in its time of grace stays there over an ordinary list.
            foreach (var key in _departing.Keys.ToList())
            {
                if (table.Leases.ContainsKey(key))
                    _departing.Remove(key);
                else if (before.Leases.TryGetValue(key, out var lease))
                    table = table with { Leases = table.Leases.Add(key, lease) };
            }
        }
        _table = table;
        Report(before.Invalid);
    }

    private void Report(ImmutableDictionary<string, InvalidLease> before)
    {
        if (_table.Ignored > 0 && !_toldTooMany)
            _logger.TooManyLeases(LeaseTable.Maximum, _keys.SubnetPrefix);
        _toldTooMany = _table.Ignored > 0;
        if (ReferenceEquals(_table.Invalid, before))
            return;
        foreach (var (key, bad) in _table.Invalid)
        {
            if (before.TryGetValue(key, out var old) && old.ModRevision == bad.ModRevision || !_skipped.Allow(out var more))
                continue;
            if (more > 0)
                _logger.MoreLeasesSkipped(more);
            _logger.InvalidLeaseSkipped(bad.Key, bad.Reason);
        }
    }
}
