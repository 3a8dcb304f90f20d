using System.Globalization;
using System.Text.RegularExpressions;

namespace FlannelPS;

/// <summary>A node as a service of the host, as systemd has it.</summary>
public sealed partial class FlannelService
{
    /// <param name="properties">What <c>systemctl show</c> tells of the unit.</param>
    internal FlannelService(IReadOnlyDictionary<string, string> properties)
    {
        Name = ServicePaths.NameOf(Text("Id") ?? "");
        Status = Text("LoadState") is "not-found" ? "NotInstalled" : Text("ActiveState") switch
        {
            "active" or "reloading" => "Running",
            "activating" => "Starting",
            "deactivating" => "Stopping",
            "failed" => "Failed",
            _ => "Stopped",
        };
        StatusText = Text("StatusText") ?? (Status == "Failed" ? $"{Text("Result")}, exit status {Text("ExecMainStatus")}" : "");
        StartupType = Text("UnitFileState") switch
        {
            "enabled" or "enabled-runtime" => "Automatic",
            "masked" or "masked-runtime" => "Disabled",
            _ => "Manual",
        };
        MainPid = (int)(Number("MainPID") ?? 0);
        MemoryBytes = Number("MemoryCurrent");
        Restarts = (int)(Number("NRestarts") ?? 0);
        UnitPath = Text("FragmentPath");
        var start = Text("ExecStart") ?? "";
        HostType = start.Contains("NodeHost", StringComparison.Ordinal) ? "PowerShell" : "Native";
        Version = VersionInPath().Match(start) is { Success: true } match ? match.Groups[1].Value : null;

        string? Text(string name) => properties.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

        // "[not set]", and the highest number, are systemd's words for nothing.
        long? Number(string name) => long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>The node's name.</summary>
    public string Name { get; }

    /// <summary>Running, Starting, Stopping, Stopped, Failed, or NotInstalled.</summary>
    public string Status { get; }

    /// <summary>What the node says of itself, or why it failed.</summary>
    public string StatusText { get; }

    /// <summary>Automatic, Manual, or Disabled (masked).</summary>
    public string StartupType { get; }

    /// <summary>The process; 0 for none.</summary>
    public int MainPid { get; }

    /// <summary>Memory of the whole service, bytes; null where systemd does not count it.</summary>
    public long? MemoryBytes { get; }

    /// <summary>How often systemd restarted it by itself.</summary>
    public int Restarts { get; }

    /// <summary>The unit's file.</summary>
    public string? UnitPath { get; }

    /// <summary>Native or PowerShell.</summary>
    public string HostType { get; }

    /// <summary>The version that the unit starts.</summary>
    public string? Version { get; }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;

    [GeneratedRegex(@"/(?:flannelps|FlannelPS)/(\d+\.\d+\.\d+)/", RegexOptions.CultureInvariant)]
    private static partial Regex VersionInPath();
}
