using FlannelPS.Engine.Leases;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <summary>Runs the loops of a node. One that fails in a way nobody foresaw is told, shows in the status, and is started again; the others go on (F31).</summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Takes what an operator acts on.</param>
/// <param name="changed">Told what failed and runs not yet again, one line; empty for nothing.</param>
internal sealed class LoopSupervisor(TimeProvider time, ILogger logger, Action<string> changed)
{
    /// <summary>A loop that has run for so long after a failure counts as running.</summary>
    private static readonly TimeSpan Proof = TimeSpan.FromSeconds(5);
    private readonly SortedDictionary<string, (string Reason, long Since)> _failed = new(StringComparer.Ordinal);

    /// <summary>Since when some loop fails again and again; zero when all run.</summary>
    public TimeSpan FailingFor
    {
        get
        {
            lock (_failed)
                return _failed.Count == 0 ? TimeSpan.Zero : _failed.Values.Max(entry => time.GetElapsedTime(entry.Since));
        }
    }

    /// <summary>Runs a loop until cancelled.</summary>
    /// <param name="name">What it does, for the log and the status.</param>
    /// <param name="loop">Runs until cancelled; called again after each failure.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(string name, Func<CancellationToken, Task> loop, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                var running = loop(cancellationToken);
                if (IsFailed(name) && await Task.WhenAny(running, Task.Delay(Proof, time, cancellationToken)).ConfigureAwait(false) != running)
                {
                    Mark(name, null);
                    backoff.Reset();
                }
                await running.ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                throw new InvalidOperationException("it ended by itself");
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                logger.LoopFailed(name, e.GetType().Name, e);
                Mark(name, $"{name} failed ({e.Message}) and is started again");
            }
            await backoff.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsFailed(string name)
    {
        lock (_failed)
            return _failed.ContainsKey(name);
    }

    private void Mark(string name, string? reason)
    {
        string all;
        lock (_failed)
        {
            if (reason is null)
                _failed.Remove(name);
            else
                _failed[name] = (reason, _failed.TryGetValue(name, out var before) ? before.Since : time.GetTimestamp());
            all = string.Join("; ", _failed.Values.Select(entry => entry.Reason));
        }
        changed(all);
    }
}
