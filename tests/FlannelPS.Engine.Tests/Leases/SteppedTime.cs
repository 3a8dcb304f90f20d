namespace FlannelPS.Engine.Tests.Leases;

/// <summary>A clock that jumps forward when told to; timers that are due then ring, others ring in real time.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private readonly List<SteppedTimer> _timers = [];
    private long _ahead;

    public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _ahead);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromSeconds(Interlocked.Read(ref _ahead) / (double)TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SteppedTimer(this, System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period));
        lock (_timers)
            _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * TimestampFrequency));
        List<SteppedTimer> timers;
        lock (_timers)
            timers = [.. _timers];
        foreach (var timer in timers)
            timer.RingIfDue();
    }

    /// <summary>Steps on by seconds until a condition holds; timers that are set meanwhile get their turn.</summary>
    public async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2, cancellationToken);
        }
    }

    private sealed class SteppedTimer(SteppedTime clock, ITimer inner) : ITimer
    {
        private long _due = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Exchange(ref _due, dueTime < TimeSpan.Zero ? long.MaxValue : clock.GetTimestamp() + (long)(dueTime.TotalSeconds * clock.TimestampFrequency));
            return inner.Change(dueTime, period);
        }

        public void RingIfDue()
        {
            var due = Interlocked.Read(ref _due);
            if (due <= clock.GetTimestamp() && Interlocked.CompareExchange(ref _due, long.MaxValue, due) == due)
                inner.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            Interlocked.Exchange(ref _due, long.MaxValue);
            inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
