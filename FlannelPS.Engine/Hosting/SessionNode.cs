using FlannelPS.Engine.Node;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>The daemon inside another process, such as a PowerShell session: same flags, same control socket, ended by a token or by SIGTERM.</summary>
internal static class SessionNode
{
    /// <summary>Runs a node until the token is cancelled, SIGTERM comes, or somebody stops it over its control socket.</summary>
    /// <param name="arguments">flannelpsd's own flags.</param>
    /// <param name="environment">FLANNELD_ variables.</param>
    /// <param name="log">Takes each line of the log: level, and text without a line end.</param>
    /// <param name="changed">Told of each new status, on no particular thread; must be quick.</param>
    /// <param name="cancellationToken">Ends it in order.</param>
    /// <exception cref="StartupException">It cannot run here, or a flag is wrong; the message says what to do.</exception>
    public static async Task RunAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, Action<string, string> log, Action<NodeStatus>? changed, CancellationToken cancellationToken)
    {
        var parsed = CommandLine.Parse(arguments, name => environment.GetValueOrDefault(name));
        if (parsed.Options is not { } options)
            throw new StartupException(parsed.Error ?? "These flags do not run a node.");
        var logger = new CallbackLogger(log, options.Verbosity);
        foreach (var notice in parsed.Notices)
            logger.OptionNotice(notice);
        try
        {
            using var stop = StopSignal.ForSession(logger, TimeProvider.System, cancellationToken);
            await Daemon.RunAsync(options, logger, TimeProvider.System, stop, changed, isSession: true).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StateTooNewException or InstanceTakenException or IOException or Netlink.NetlinkException)
        {
            throw new StartupException(e.Message, e);
        }
    }

    /// <summary>Removes what the node of these flags left behind.</summary>
    /// <param name="arguments">flannelpsd's own flags, <c>--cleanup</c> among them.</param>
    /// <param name="environment">FLANNELD_ variables.</param>
    /// <param name="tell">Told what was removed, a line each.</param>
    /// <param name="warn">Told what stays although it should not.</param>
    /// <exception cref="StartupException">The node runs, or the kernel refuses.</exception>
    public static async Task CleanUpAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, Action<string> tell, Action<string> warn)
    {
        var parsed = CommandLine.Parse(arguments, name => environment.GetValueOrDefault(name));
        if (parsed.Options is not { Task: DaemonTask.Cleanup } options)
            throw new StartupException(parsed.Error ?? "These flags do not clean up.");
        try
        {
            await Cleanup.RunAsync(options, new CallbackLogger((_, _) => { }, 0), TimeProvider.System, tell, warn).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StateTooNewException or IOException or Netlink.NetlinkException)
        {
            throw new StartupException(e.Message, e);
        }
    }

    private sealed class CallbackLogger(Action<string, string> log, int verbosity) : ILogger
    {
        private readonly LogLevel _minimum = verbosity >= 4 ? LogLevel.Trace : verbosity >= 1 ? LogLevel.Debug : LogLevel.Information;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _minimum && logLevel != LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log(logLevel.ToString(), formatter(state, exception) + (exception is null ? "" : $": {exception.Message}"));
        }
    }
}
