using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Tests;

/// <summary>A logger that keeps its lines: level and text, with the exception's message.</summary>
internal sealed class LogLines : ILogger
{
    public List<string> Lines { get; } = [];

    /// <summary>How many lines there are, while others are written.</summary>
    public int Count
    {
        get
        {
            lock (Lines)
                return Lines.Count;
        }
    }

    /// <summary>All lines so far.</summary>
    public string[] All
    {
        get
        {
            lock (Lines)
                return [.. Lines];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (Lines)
            Lines.Add($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception?.Message}");
    }
}
