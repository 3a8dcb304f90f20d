using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once, and so does an orderly end that takes too long.</summary>
public sealed class StopSignal : IDisposable
{
    /// <summary>How long an orderly end may take, so that the process is gone within 2 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.7);

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration? _interrupt;
    private readonly CancellationTokenRegistration _outside;
    private readonly ILogger _logger;
    private readonly Action<int> _end;
    private readonly ITimer _overdue;
    private Task _cancelling = Task.CompletedTask;

    /// <summary>Starts listening.</summary>
    public StopSignal(ILogger logger, TimeProvider time)
        : this(logger, time, Environment.Exit)
    {
    }

    /// <param name="logger">Says that a signal came.</param>
    /// <param name="time">The clock.</param>
    /// <param name="end">Ends the process with a code.</param>
    internal StopSignal(ILogger logger, TimeProvider time, Action<int> end)
        : this(logger, time, end, hearsInterrupt: true, CancellationToken.None)
    {
    }

    private StopSignal(ILogger logger, TimeProvider time, Action<int> end, bool hearsInterrupt, CancellationToken outside)
    {
        (_logger, _end) = (logger, end);
        _overdue = time.CreateTimer(_ => Overdue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Received);
        _interrupt = hearsInterrupt ? PosixSignalRegistration.Create(PosixSignal.SIGINT, Received) : null;
        _outside = outside.UnsafeRegister(_ => Request("the session"), null);
    }

    /// <summary>In somebody else's process: Ctrl+C is that process's own and comes as the token, and nothing here ends the process.</summary>
    internal static StopSignal ForSession(ILogger logger, TimeProvider time, CancellationToken cancellationToken)
        => new(logger, time, _ => { }, hearsInterrupt: false, cancellationToken);

    /// <summary>Cancelled by the first signal, or by <see cref="Request"/>.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Asks for the same orderly end from inside (the control socket's <c>stop</c>).</summary>
    /// <returns>False when one was asked for already.</returns>
    public bool Request(string cause)
    {
        lock (_stop)
        {
            if (_stop.IsCancellationRequested)
                return false;
            _logger.StopRequested(cause);
            _overdue.Change(Patience, Timeout.InfiniteTimeSpan);
            // Not on this thread: what is cancelled may run its whole end right here, and a second signal has to come through.
            _cancelling = _stop.CancelAsync();
        }
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _outside.Dispose();
        _terminate.Dispose();
        _interrupt?.Dispose();
        _overdue.Dispose();
        if (_cancelling.IsCompleted)
            _stop.Dispose();    // else a callback still runs; a source without a timer owns nothing
    }

    private void Received(PosixSignalContext context)
    {
        context.Cancel = true;    // not the runtime's own end
        if (!Request(context.Signal.ToString()))
            _end(128 + (context.Signal == PosixSignal.SIGTERM ? 15 : 2));
    }

    private void Overdue()
    {
        _logger.StopOverdue(Patience.TotalSeconds);
        _end(ExitCode.Failed);
    }
}
