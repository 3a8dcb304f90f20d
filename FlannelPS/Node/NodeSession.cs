using System.Collections.Concurrent;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>A node inside this process. It ends when it is told to, and its data path stays, as with every node.</summary>
internal sealed class NodeSession(NodeSettings settings) : IDisposable
{
    private const int MaximumLines = 10_000;
    private readonly CancellationTokenSource _stop = new();
    private readonly BlockingCollection<(string Level, string Text)> _lines = new(MaximumLines);
    private volatile NodeStatus? _status;

    /// <summary>Ends when the node has ended; fails with its reason.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>How it stands; null before it says anything.</summary>
    public NodeStatus? Status => _status;

    /// <summary>Starts it, on threads of the pool.</summary>
    /// <param name="changed">Told of each new status; may be null.</param>
    public void Start(Action<NodeStatus>? changed = null)
        => Completion = Task.Run(() => SessionNode.RunAsync(
            settings.Arguments(), settings.Variables,
            (level, text) => _lines.TryAdd((level, text)),    // whoever does not read loses lines, not the node
            status =>
            {
                _status = status;
                changed?.Invoke(status);
            },
            _stop.Token));

    /// <summary>Asks it to end.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>The log's lines since the last time; waits for the first one.</summary>
    public IEnumerable<(string Level, string Text)> TakeLines(TimeSpan patience)
    {
        for (var wait = patience; _lines.TryTake(out var line, wait); wait = TimeSpan.Zero)
            yield return line;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        ((IAsyncResult)Completion).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(3));
        _stop.Dispose();
        _lines.Dispose();
    }
}
