using System.Globalization;
using System.Text;
using System.Text.Json;
using FlannelPS.Checks;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;

namespace FlannelPS.Diagnostics;

/// <summary>A node's files and its process: what it wrote for others, what it remembers, and how it was started.</summary>
internal sealed class NodeFileSource(DiagnosticNode node) : DiagnosticSource
{
    private static readonly string[] ProcessLines = ["Name", "State", "PPid", "Uid", "Gid", "Groups", "VmPeak", "VmRSS", "Threads", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"];

    /// <inheritdoc/>
    public override string About => $"reading the files of {node.Name}";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        var file = node.Answers.Status.Part("subnetFile").Text("path") ?? (node.Name == "flannel" ? CheckFactsReader.SubnetFile : null);
        if (file is not null && HostFile.Read($"{node.Folder}/subnet.env", file) is { } subnet)
            yield return subnet;
        var folder = new InstancePaths(node.Name).StateFolder;
        yield return Listing(folder);
        foreach (var name in (string[])["lease", "footprint"])
            if (HostFile.Read($"{node.Folder}/state/{name}.txt", Path.Join(folder, name)) is { } saved)
                yield return saved;
        if (SavedConfig(Path.Join(folder, "network")) is { } config)
            yield return config;
        if (node.Process > 0)
            yield return Process();
    }

    private DiagnosticEntry Listing(string folder)
    {
        var path = $"{node.Folder}/state/files.txt";
        try
        {
            return new(path, string.Concat(new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal)
                .Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.UnixFileMode}  {file.Length,10}  {file.LastWriteTimeUtc:yyyy-MM-dd HH:mm:ss}Z  {file.Name}\n"))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }

    /// <summary>The configuration as it stood when the store was heard last, which is all there is of it while the store is away.</summary>
    private DiagnosticEntry? SavedConfig(string file)
    {
        var path = $"{node.Folder}/state/network-config.json";
        try
        {
            if (SafeRead.TryReadAllBytes(file, StateFolder.MaxPeersLength) is not { } bytes)
                return null;
            using var saved = JsonDocument.Parse(bytes.AsMemory(Array.IndexOf(bytes, (byte)'\n') + 1));
            return new(path, saved.RootElement.Text("Config") + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }

    private DiagnosticEntry Process()
    {
        var path = $"{node.Folder}/process.txt";
        try
        {
            var text = new StringBuilder();
            text.Append("arguments: ").AppendJoin(' ', File.ReadAllText($"/proc/{node.Process}/cmdline").TrimEnd('\0').Split('\0')).Append('\n');
            text.Append("program:   ").Append(new FileInfo($"/proc/{node.Process}/exe").LinkTarget).Append('\n');
            text.Append("cgroup:    ").Append(HostFile.Line($"/proc/{node.Process}/cgroup")).Append('\n');
            text.Append("network:   ").Append(ProcessTable.NamespaceOf(node.Process)).Append('\n');
            foreach (var line in File.ReadLines($"/proc/{node.Process}/status").Where(line => ProcessLines.Contains(line.Split(':')[0])))
                text.Append(line).Append('\n');
            text.Append("environment:\n").Append(SettingsText.OfEnvironment(File.ReadAllText($"/proc/{node.Process}/environ").Replace('\n', ' ').Replace('\0', '\n')));
            return new(path, text.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }
}
