using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>What changed, in the words of the log.</summary>
/// <param name="Number">Counts from 1 since the start.</param>
/// <param name="Time">When.</param>
/// <param name="Level">How grave.</param>
/// <param name="Id">Which kind; <see cref="LogEvents"/>.</param>
/// <param name="Name">The kind's name.</param>
/// <param name="Message">One line.</param>
internal sealed record NodeEvent(long Number, DateTimeOffset Time, LogLevel Level, int Id, string Name, string Message);

/// <summary>Remembers the last log lines an operator acts on, so that they can be asked for, and passes all lines on.</summary>
internal sealed class EventRing(ILogger next, TimeProvider time) : ILogger
{
    private const int Capacity = 1000;
    private readonly Queue<NodeEvent> _events = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _count;

    /// <summary>The events that are asked for, oldest first.</summary>
    public IReadOnlyList<NodeEvent> Find(EventQuery query) => Find(query, out _);

    /// <summary>The same; where there are none, waits for the first one as long as the query says.</summary>
    /// <param name="query">Which, and how long to wait.</param>
    /// <param name="cancellationToken">Ends the wait early, with what there is.</param>
    public async Task<IReadOnlyList<NodeEvent>> FindAsync(EventQuery query, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var found = Find(query, out var next);
            var left = query.Wait - time.GetElapsedTime(started);
            if (found.Count > 0 || left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
                return found;
            await next.WaitAsync(left, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private List<NodeEvent> Find(EventQuery query, out Task next)
    {
        lock (_events)
        {
            next = _next.Task;
            return [.. _events.Where(query.Matches)];
        }
    }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information || next.IsEnabled(logLevel);

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => next.BeginScope(state);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Information && logLevel != LogLevel.None)
        {
            lock (_events)
            {
                if (_events.Count == Capacity)
                    _events.Dequeue();
                _events.Enqueue(new(++_count, time.GetUtcNow(), logLevel, eventId.Id, eventId.Name ?? "", formatter(state, exception)));
                _next.TrySetResult();
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
        if (next.IsEnabled(logLevel))
            next.Log(logLevel, eventId, state, exception, formatter);
    }
}
