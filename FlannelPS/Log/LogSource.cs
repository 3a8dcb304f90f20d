using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>Where a node's log is: in a file, or in the journal under its unit.</summary>
/// <param name="Path">The file; null for the journal.</param>
/// <param name="Units">The units; empty for a file.</param>
internal sealed record LogSource(string? Path, IReadOnlyList<string> Units)
{
    private const string Folder = "/var/log/flannelps";

    /// <summary>The nodes that have a log file here, whether anything else is left of them or not.</summary>
    public static IEnumerable<string> Names()
        => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*.log").Select(path => System.IO.Path.GetFileNameWithoutExtension(path)).Where(InstanceName.IsValid) : [];

    /// <summary>Finds it.</summary>
    /// <param name="name">The node.</param>
    /// <param name="status">Its status; undefined where it does not run or may not be asked.</param>
    /// <param name="reason">Why there is none.</param>
    public static LogSource? Find(string name, JsonElement status, out string reason)
    {
        reason = $"There is no log of the node '{name}': neither {FileOf(name)} nor a journal.";
        if (status.Text("logFile") is { } told)
            return new(told, []);
        switch (status.Text("hostType"))
        {
            case "Service":
                return new(null, UnitsOf(name));
            case "Session":
                reason = $"The node '{name}' runs in a session: its lines are that session's verbose stream, and Get-FlannelEvent has what happened.";
                return null;
            case "Detached":
                reason = $"The node '{name}' writes its log to its standard error, where whoever started it reads it; Get-FlannelEvent has what happened.";
                return null;
        }
        return LogFile.Exists(FileOf(name)) ? new(FileOf(name), [])
            : Directory.Exists("/run/systemd/system") || Directory.Exists("/var/log/journal") || Directory.Exists("/run/log/journal") ? new(null, UnitsOf(name))
            : null;
    }

    /// <summary>The lines.</summary>
    public IAsyncEnumerable<LogLine> ReadAsync(LogFilter filter, CancellationToken cancellationToken)
        => Path is not null ? LogFile.ReadAsync(Path, filter, cancellationToken) : Journal.ReadAsync(Units, filter, cancellationToken);

    private static string FileOf(string name) => $"{Folder}/{name}.log";

    // As Register-FlannelService, and as Start-FlannelNode under systemd, names them.
    private static string[] UnitsOf(string name) => [$"flannelps@{name}.service", $"flannelps-{name}.service"];
}
