namespace FlannelPS.Engine.Leases;

/// <summary>Waiting that grows: doubling from a first delay to a cap, each with a quarter more or less as jitter, so that many nodes do not knock together.</summary>
internal sealed class Backoff
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _first;
    private readonly TimeSpan _cap;
    private TimeSpan _next;

    public Backoff(TimeProvider time, TimeSpan first, TimeSpan cap) => (_time, _first, _cap, _next) = (time, first, cap, first);

    /// <summary>The next delay; the one after it is longer.</summary>
    public TimeSpan Next()
    {
        var delay = _next * (0.75 + Random.Shared.NextDouble() / 2);
        _next = _next * 2 < _cap ? _next * 2 : _cap;
        return delay;
    }

    /// <summary>Starts over after a success.</summary>
    public void Reset() => _next = _first;

    /// <summary>Waits for the next delay.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), _time, cancellationToken);
}
