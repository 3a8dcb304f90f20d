namespace FlannelPS.Engine.Etcd.Local;

/// <summary>The events of the store, a link of a chain for each revision. A watch holds its place in the chain, so what all have read is free to go.</summary>
internal sealed class LocalHistory
{
    private Link _oldest = new(0, []);
    private Link _newest;

    internal LocalHistory() => _newest = _oldest;

    /// <summary>The revision up to which events are gone: a watch begins behind it.</summary>
    internal long Gone { get; private set; }

    /// <summary>Adds the events of one revision and wakes the watches.</summary>
    internal void Add(long revision, IReadOnlyList<StoreEvent> events)
    {
        var link = new Link(revision, events);
        var last = _newest;
        _newest = link;
        last.Follow(link);
    }

    /// <summary>The place before the first event of a revision.</summary>
    internal Link Before(long revision)
    {
        var place = _oldest;
        while (place.Next is { IsCompletedSuccessfully: true, Result: var next } && next.Revision < revision)
            place = next;
        return place;
    }

    /// <summary>Forgets what is past. Watches that are still to read it keep it until they have.</summary>
    /// <param name="gone">The revision up to which events are gone.</param>
    internal void Forget(long gone)
    {
        _oldest = _newest;
        Gone = gone;
    }

    /// <summary>Ends all watches, and begins a new chain.</summary>
    /// <param name="reason">What they end with.</param>
    /// <param name="gone">The revision up to which events are gone.</param>
    internal void Break(Exception reason, long gone)
    {
        var last = _newest;
        _newest = new(gone, []);
        Forget(gone);
        last.Break(reason);
    }

    /// <summary>One revision.</summary>
    internal sealed class Link(long revision, IReadOnlyList<StoreEvent> events)
    {
        private readonly TaskCompletionSource<Link> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal long Revision { get; } = revision;

        internal IReadOnlyList<StoreEvent> Events { get; } = events;

        /// <summary>Ends when the next revision is there, or with why there will be none.</summary>
        internal Task<Link> Next => _next.Task;

        internal void Follow(Link next) => _next.SetResult(next);

        internal void Break(Exception reason)
        {
            _next.SetException(reason);
            _ = _next.Task.Exception;    // nobody may be waiting
        }
    }
}
