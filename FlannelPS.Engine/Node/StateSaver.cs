using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <summary>Saves state beside the way of a start, in order: each file waits for the disk, and no peer has to wait with it.</summary>
internal sealed class StateSaver(ILogger logger)
{
    private readonly object _gate = new();
    private Task _last = Task.CompletedTask;

    /// <summary>Ends when all that was given so far is saved, or was told to have failed.</summary>
    public Task Completion
    {
        get
        {
            lock (_gate)
                return _last;
        }
    }

    /// <summary>Saves after what was given before.</summary>
    /// <param name="what">Names it when it fails.</param>
    /// <param name="save">Writes; may throw <see cref="IOException"/>.</param>
    public void Save(string what, Action save)
    {
        lock (_gate)
            _last = _last.ContinueWith(_ => Try(what, save), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Try(string what, Action save)
    {
        try
        {
            save();
        }
        catch (IOException e)
        {
            logger.StateNotSaved(what, e.Message);
        }
    }
}
