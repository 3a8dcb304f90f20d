namespace FlannelPS.Engine.Node;

/// <summary>Saves what changes often: a second after a change, at most every ten seconds, and at the end.</summary>
/// <param name="save">Saves how it is by then.</param>
/// <param name="time">The clock.</param>
internal sealed class LazySave(Action save, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Distance = TimeSpan.FromSeconds(10);
    private readonly object _gate = new();
    private ITimer? _timer;
    private long _last;
    private bool _marked, _ended;

    /// <summary>Something changed.</summary>
    public void Mark()
    {
        lock (_gate)
        {
            if (_marked || _ended)
                return;
            _marked = true;
            var left = _last == 0 ? Pause : Distance - time.GetElapsedTime(_last);
            _timer ??= time.CreateTimer(_ => Run(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(left > Pause ? left : Pause, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Saves what is not saved yet.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _ended = true;
        if (_timer is not null)
            await _timer.DisposeAsync().ConfigureAwait(false);
        Run();
    }

    private void Run()
    {
        lock (_gate)
        {
            if (!_marked)
                return;
            (_marked, _last) = (false, time.GetTimestamp());
        }
        save();
    }
}
