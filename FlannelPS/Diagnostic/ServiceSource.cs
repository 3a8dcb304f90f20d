namespace FlannelPS.Diagnostics;

/// <summary>A node's unit, what is added to it, and how systemd has it.</summary>
internal sealed class ServiceSource(DiagnosticNode node) : DiagnosticSource
{
    private const string Properties = "Id,LoadState,ActiveState,SubState,UnitFileState,StatusText,Result,ExecMainStatus,ExecMainCode,MainPID,MemoryCurrent,CPUUsageNSec,NRestarts,FragmentPath,DropInPaths,ActiveEnterTimestamp,InactiveEnterTimestamp";

    /// <inheritdoc/>
    public override string About => $"reading the service {node.Name}";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        if (Systemctl.Problem() is null)
            foreach (var unit in Units())
                yield return HostProgram.Read($"{node.Folder}/service/{unit}.txt", "systemctl", "--no-pager", "show", $"--property={Properties}", "--", unit);
        foreach (var file in Files().Distinct(StringComparer.Ordinal))
            if (HostFile.Read($"{node.Folder}/service{file}", file, file.EndsWith(".env", StringComparison.Ordinal) ? SettingsText.OfEnvironment : SettingsText.OfUnit) is { } entry)
                yield return entry;
    }

    /// <summary>The files with a node's settings, passwords among them.</summary>
    public IEnumerable<string> Files()
    {
        foreach (var unit in Units())
            foreach (var folder in (string[])[ServicePaths.Units, "/run/systemd/transient", "/run/systemd/system", "/usr/lib/systemd/system"])
            {
                yield return $"{folder}/{unit}";
                foreach (var file in DropIns($"{folder}/{unit}.d"))
                    yield return file;
            }
        yield return ServicePaths.Template;
        foreach (var file in DropIns(ServicePaths.Template + ".d"))
            yield return file;
        yield return ServicePaths.Environment(node.Name);
    }

    private List<string> Units()
    {
        var units = new List<string> { ServicePaths.UnitName(node.Name), $"flannelps-{node.Name}.service" };
        // A unit of somebody's own, under whatever name: the last part of the process's control group.
        if (node.Process > 0 && HostFile.Line($"/proc/{node.Process}/cgroup") is { } group && Path.GetFileName(group) is var own && own.EndsWith(".service", StringComparison.Ordinal) && !units.Contains(own))
            units.Add(own);
        return units;
    }

    private static IEnumerable<string> DropIns(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.conf").Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
