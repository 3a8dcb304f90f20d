namespace FlannelPS.Engine.Etcd.Local;

/// <summary>What the journal adds up to: keys in order, etcd leases, revision. Changed by <see cref="Apply"/> alone, and only by what stands in the journal.</summary>
internal sealed class LocalState
{
    /// <summary>Every store begins at revision 1, as etcd does.</summary>
    private const long FirstRevision = 1;

    private readonly SortedSet<StoreKey> _keys = new(Comparer<StoreKey>.Create(static (a, b) => string.CompareOrdinal(a.Key, b.Key)));
    private readonly Dictionary<long, JournalLease> _leases = [];
    private long _keysSize;

    /// <summary>The store's revision; 0 before the first line is read.</summary>
    internal long Revision { get; private set; }

    /// <summary>How the journal begins; null before the first line is read.</summary>
    internal JournalHead? Head { get; private set; }

    /// <summary>The boot that the leases' clock belongs to.</summary>
    internal string? Boot { get; private set; }

    /// <summary>No lease ends before this, in milliseconds of the monotonic clock.</summary>
    internal long NextEnd { get; private set; } = long.MaxValue;

    /// <summary>About how many bytes a journal of the state alone has.</summary>
    internal long Size => _keysSize + 80 * _leases.Count;

    /// <summary>Takes in one record.</summary>
    /// <returns>What watches are told of it.</returns>
    internal IReadOnlyList<StoreEvent> Apply(JournalRecord record)
    {
        Head ??= record.Head;
        Boot = record.Head?.Boot ?? Boot;
        Revision = record.Revision;
        foreach (var lease in record.Leases ?? [])
            SetLease(lease);
        if (record.Boot is { } boot)
        {
            Boot = boot.Id;
            NextEnd = long.MaxValue;
            foreach (var lease in _leases.Values.ToArray())
                SetLease(lease with { Ends = boot.At + lease.Ttl * 1000 });
        }
        var events = new List<StoreEvent>();
        foreach (var key in record.Keys ?? [])
            SetKey(key, events);
        return events;
    }

    /// <summary>The keys of a range, in order.</summary>
    internal IEnumerable<StoreKey> Range(KeyRange range)
    {
        if (range.End is null)
            return Find(range.Key) is { } key ? [key] : [];
        if (_keys.Max is not { } last || string.CompareOrdinal(range.Key, last.Key) > 0)
            return [];
        return _keys.GetViewBetween(Probe(range.Key), last).TakeWhile(key => Contains(range, key.Key));
    }

    /// <summary>The key, if it is there.</summary>
    internal StoreKey? Find(string key) => _keys.TryGetValue(Probe(key), out var found) ? found : null;

    /// <summary>The keys bound to a lease, in order.</summary>
    internal IEnumerable<StoreKey> BoundTo(long lease) => _keys.Where(key => key.LeaseId == lease);

    /// <summary>The etcd lease, if it lives.</summary>
    internal JournalLease? Lease(long id) => _leases.GetValueOrDefault(id);

    /// <summary>Whether a guard holds.</summary>
    internal bool Holds(StoreCompare guard)
        => Range(guard.Range).DefaultIfEmpty(Probe(guard.Range.Key)).All(key =>
        {
            var revision = guard.Target == CompareTarget.CreateRevision ? key.CreateRevision : key.ModRevision;
            return guard.Operator == CompareOperator.Equal ? revision == guard.Revision : revision < guard.Revision;
        });

    /// <summary>The leases that have ended by <paramref name="now"/>.</summary>
    internal IReadOnlyList<JournalLease> Ended(long now)
    {
        if (now < NextEnd)
            return [];
        var ended = _leases.Values.Where(lease => lease.Ends <= now).ToArray();
        if (ended.Length == 0)    // the earliest was kept alive since
            NextEnd = _leases.Values.Select(lease => lease.Ends).DefaultIfEmpty(long.MaxValue).Min();
        return ended;
    }

    /// <summary>The records of a journal that begins with this state.</summary>
    internal IEnumerable<JournalRecord> Snapshot(ulong newStore, string boot)
    {
        var revision = Math.Max(Revision, FirstRevision);
        yield return new() { Revision = revision, Head = new(1, Head?.Store ?? newStore, Revision, Boot ?? boot) };
        foreach (var lease in _leases.Values)
            yield return new() { Revision = revision, Leases = [lease] };
        foreach (var key in _keys)
            yield return new() { Revision = revision, Keys = [new(key.Key, key.Value.ToArray(), key.LeaseId, key.CreateRevision, key.ModRevision)] };
    }

    /// <summary>Whether a key lies in a range; an end of one NUL is no end, as in etcd.</summary>
    internal static bool Contains(KeyRange range, string key)
        => range.End is null ? key == range.Key
            : string.CompareOrdinal(key, range.Key) >= 0 && (range.End == "\0" || string.CompareOrdinal(key, range.End) < 0);

    private void SetKey(JournalKey change, List<StoreEvent> events)
    {
        var old = Find(change.Key);
        if (old is not null)
        {
            _keys.Remove(old);
            _keysSize -= SizeOf(old);
        }
        if (change.Value is null)
        {
            if (old is not null)
                events.Add(new StoreEvent.Deleted(change.Key, Revision));
            return;
        }
        var isEvent = change.Modified == 0;
        var key = isEvent
            ? new StoreKey(change.Key, change.Value, old?.CreateRevision ?? Revision, Revision, change.Lease)
            : new StoreKey(change.Key, change.Value, change.Created, change.Modified, change.Lease);
        _keys.Add(key);
        _keysSize += SizeOf(key);
        if (isEvent)
            events.Add(new StoreEvent.Put(key));
    }

    private void SetLease(JournalLease lease)
    {
        if (lease.Ttl == 0)
        {
            _leases.Remove(lease.Id);
            return;
        }
        _leases[lease.Id] = lease;
        NextEnd = Math.Min(NextEnd, lease.Ends);
    }

    private static StoreKey Probe(string key) => new(key, default, 0, 0, 0);

    private static long SizeOf(StoreKey key) => 100 + key.Key.Length + key.Value.Length * 4 / 3;
}
