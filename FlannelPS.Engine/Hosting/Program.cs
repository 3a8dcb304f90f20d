using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>The entry of flannelpsd.</summary>
public static class Program
{
    /// <summary>Reads the command line and does what it asks for.</summary>
    /// <returns><see cref="ExitCode"/>.</returns>
    public static async Task<int> Main(string[] args)
    {
        // State is saved on the pool, and waits for the disk there: on two cores the start would wait with it for a third thread.
        ThreadPool.SetMinThreads(8, 2);
        var parsed = CommandLine.Parse(args, Environment.GetEnvironmentVariable);
        if (parsed.Output is { } output)
            Console.Out.Write(output);
        if (parsed.Error is { } error)
            Console.Error.WriteLine(error);
        if (parsed.Options is not { } options)
            return parsed.ExitCode;

        CappedFile? logFile = null;
        JournalLogger? logger = null;
        try
        {
            logFile = options.LogFile is { } path ? new(path, options.LogFileMaxSize) : null;
            logger = logFile is null ? new(options.Verbosity) : new(logFile, options.Verbosity, TimeProvider.System);
            foreach (var notice in parsed.Notices)
                logger.OptionNotice(notice);
            switch (options.Task)
            {
                case DaemonTask.SetConfig:
                    Console.Out.WriteLine(await SetConfig.RunAsync(options, logger, TimeProvider.System).ConfigureAwait(false));
                    break;
                case DaemonTask.Cleanup:
                    await Cleanup.RunAsync(options, logger, TimeProvider.System, Console.Out.WriteLine, Console.Out.WriteLine).ConfigureAwait(false);
                    break;
                default:
                    await Daemon.RunAsync(options, logger, TimeProvider.System).ConfigureAwait(false);
                    break;
            }
            return ExitCode.Ok;
        }
        catch (Exception e)
        {
            var isForeseen = e is StartupException or StateTooNewException or InstanceTakenException or IOException or Netlink.NetlinkException;
            var reason = isForeseen ? e.Message : $"{e.GetType().Name}: {e.Message} (a defect of flannelpsd; devices, routes and the lease stay, and it can be started again)";
            // Whoever started it reads standard error, whoever looks later reads the file.
            Console.Error.WriteLine($"flannelpsd: {reason.ReplaceLineEndings(" ")}");
            if (logFile is not null)
                logger?.CannotRun(reason);
            return ExitCode.Failed;
        }
    }
}
