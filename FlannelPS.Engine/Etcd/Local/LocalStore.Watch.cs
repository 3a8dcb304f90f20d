using System.ComponentModel;
using System.Runtime.CompilerServices;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>Watches: a place in the history each, woken by our own writes at once and by those of other processes through inotify.</summary>
public sealed partial class LocalStore
{
    /// <summary>After so long without an event a watch looks for itself, and says how far it has seen.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(30);

    /// <summary>How often to look where the kernel does not tell: a matter of latency, at 0.1 % of a core.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private IDisposable? _listening;

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        KeyRange range, long startRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = await CallAsync(
            writes: false,
            () =>
            {
                if (startRevision <= _history.Gone)
                    throw new StoreCompactedException(_history.Gone + 1);
                Listen();
                return _history.Before(startRevision);
            },
            cancellationToken).ConfigureAwait(false);
        // What was written between that reading and the listening.
        _wake.Writer.TryWrite(true);
        while (true)
        {
            if (await NextAsync(place, cancellationToken).ConfigureAwait(false) is not { } next)
            {
                await CallAsync(writes: false, static () => true, cancellationToken).ConfigureAwait(false);
                if (!place.Next.IsCompleted)
                    yield return new([], Math.Max(startRevision, place.Revision + 1));
                continue;
            }
            place = next;
            if (place.Revision < startRevision)
                continue;
            var events = place.Events.Where(change => LocalState.Contains(range, change.Key)).ToArray();
            if (events.Length > 0)
                yield return new(events, place.Revision + 1);
        }
    }

    /// <summary>The next revision's events, or null when there were none for a while.</summary>
    private async Task<LocalHistory.Link?> NextAsync(LocalHistory.Link place, CancellationToken cancellationToken)
    {
        try
        {
            return await place.Next.WaitAsync(ProgressInterval, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private void Listen()
    {
        if (_listening is not null)
            return;
        Action changed = () => _wake.Writer.TryWrite(true);
        try
        {
            _listening = new Inotify(_folder, changed);
        }
        catch (Win32Exception e)
        {
            NotListening(_logger, Description, e.Message);
            _listening = _time.CreateTimer(_ => changed(), null, PollInterval, PollInterval);
        }
    }

    private void StopListening()
    {
        _listening?.Dispose();
        _listening = null;
    }

    [LoggerMessage(LogEvents.NotListening, LogLevel.Warning, "{Store}: inotify is not available ({Reason}), so the journal is looked at 20 times a second. Raise fs.inotify.max_user_instances.")]
    private static partial void NotListening(ILogger logger, string store, string reason);

    [LoggerMessage(LogEvents.NotCompacted, LogLevel.Warning, "The journal was not made shorter: {Reason}")]
    private static partial void NotCompacted(ILogger logger, string reason);
}
