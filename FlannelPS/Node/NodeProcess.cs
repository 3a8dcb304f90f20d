using System.Diagnostics;
using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <summary>A daemon that was started detached: under systemd as a unit of its own, elsewhere in a session of its own.</summary>
internal sealed class NodeProcess
{
    // What belongs to the caller's own service would make the daemon talk to the wrong manager.
    private static readonly string[] NotInherited = ["INVOCATION_ID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "JOURNAL_STREAM"];
    private readonly string _log;
    private readonly long _logStart;
    private readonly DetachedProcess? _process;
    private readonly string? _unit;
    private long _unitAsked;

    private NodeProcess(string log, long logStart, DetachedProcess? process, string? unit)
        => (_log, _logStart, _process, _unit) = (log, logStart, process, unit);

    /// <summary>A unit that systemd was told to restart.</summary>
    /// <param name="unit">Its name.</param>
    /// <param name="predecessor">The process that goes.</param>
    public static NodeProcess OfUnit(string unit, int predecessor) => new("", 0, null, unit) { Predecessor = predecessor };

    /// <summary>The process that is not meant, though it may answer for a while; 0 for none.</summary>
    public int Predecessor { get; private init; }

    /// <summary>Starts the native daemon, or where there is none for this machine the same engine inside a PowerShell process.</summary>
    /// <param name="settings">What to start it with.</param>
    /// <param name="daemon">The native daemon; null to use PowerShell.</param>
    /// <exception cref="IOException">It could not be started.</exception>
    public static NodeProcess Start(NodeSettings settings, string? daemon)
    {
        var log = NodeSettings.LogFile(settings.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!, (UnixFileMode)0x1ED /* 0755 */);
        var arguments = settings.Arguments($"--log_file={log}");
        var host = daemon is not null ? new ServiceHost(IsNative: true, daemon) : PowerShell();
        var (program, full) = (host.Program, host.Arguments([.. arguments]).ToList());
        var logStart = File.Exists(log) ? new FileInfo(log).Length : 0;
        return Systemctl.Problem() is null
            ? new(log, logStart, null, StartUnit(settings, program, full))
            : new(log, logStart, DetachedProcess.Start(program, full, EnvironmentOf(settings.Variables), log), null);
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded
    {
        get
        {
            if (_process is not null)
                return _process.Exit.IsCompleted;
            // Asking systemd is a process each time.
            if (Stopwatch.GetElapsedTime(_unitAsked) < TimeSpan.FromSeconds(0.5))
                return false;
            _unitAsked = Stopwatch.GetTimestamp();
            try
            {
                // One that ended and was not to be kept is "inactive" too, and one that is about to be started again, which has a job.
                return Systemctl.RunAsync(CancellationToken.None, "show", "--property=ActiveState,Job", "--value", "--", _unit!).GetAwaiter().GetResult().Trim() is "inactive" or "failed";
            }
            catch (ServiceException)
            {
                return false;    // it cannot be asked; whether it is ready is asked of the node itself
            }
        }
    }

    /// <summary>The last lines of what it said, without time and level: why it ended.</summary>
    public string LastWords()
    {
        if (_log.Length == 0)
            return $"journalctl -u {_unit} has what it said";
        try
        {
            using var file = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = _logStart <= file.Length ? Math.Max(_logStart, file.Length - 16 * 1024) : 0;
            var lines = new StreamReader(file).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return lines.Length > 0 ? lines[^1] : "it said nothing";
        }
        catch (IOException)
        {
            return "it left no log";
        }
    }

    /// <summary>Ends what was started and did not come up, because the caller does not wait any more.</summary>
    public void Abandon()
    {
        if (_process is not null && !_process.Exit.IsCompleted)
            DetachedProcess.Signal(_process.Id, LibC.SIGTERM);
        else if (_unit is not null)
        {
            try
            {
                Systemctl.RunAsync(CancellationToken.None, "stop", "--no-block", "--", _unit).GetAwaiter().GetResult();
            }
            catch (ServiceException)
            {
                // It has ended already.
            }
        }
    }

    private static string StartUnit(NodeSettings settings, string program, IReadOnlyList<string> arguments)
    {
        var unit = $"flannelps-{settings.Name}.service";
        // Not --setenv: what a unit's properties say, every user can read.
        var secrets = $"/run/flannelps/{settings.Name}.env";
        Directory.CreateDirectory("/run/flannelps", (UnixFileMode)0x1ED /* 0755 */);
        AtomicFile.Write(secrets, System.Text.Encoding.UTF8.GetBytes(EnvironmentFile.Render(settings.Variables)), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] options = ["--quiet", "--collect", "--no-block", $"--unit={unit}", "--property=Type=notify", $"--property=EnvironmentFile={secrets}", "--", program];
        try
        {
            Systemctl.RunTransientAsync(CancellationToken.None, [.. options, .. arguments]).GetAwaiter().GetResult();
            return unit;
        }
        catch (ServiceException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static Dictionary<string, string> EnvironmentOf(IReadOnlyDictionary<string, string> variables)
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry item in Environment.GetEnvironmentVariables())
        {
            var name = (string)item.Key;
            if (!name.StartsWith("FLANNELD_", StringComparison.Ordinal) && !NotInherited.Contains(name))
                environment[name] = (string?)item.Value ?? "";
        }
        foreach (var (name, value) in variables)
            environment[name] = value;
        return environment;
    }

    // Not the process's own program: PowerShell as a .NET tool runs in one named dotnet.
    private static ServiceHost PowerShell()
    {
        try
        {
            return ServiceHost.PowerShell(Path.GetDirectoryName(typeof(System.Management.Automation.PSObject).Assembly.Location));
        }
        catch (ServiceException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
