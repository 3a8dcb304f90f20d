using System.Management.Automation;
using System.Runtime.InteropServices;
using FlannelPS.Checks;
using FlannelPS.Diagnostics;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Commands;

/// <summary>Writes all that helps to find a fault into one file, without secrets.</summary>
[Cmdlet(VerbsData.Export, "FlannelDiagnostic", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportFlannelDiagnosticCommand : CheckCommand
{
    /// <summary>The file, or a folder to make one in.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Nodes of this host; wildcards allowed.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LogNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Bytes that the file may have.</summary>
    [Parameter]
    [ValidateRange(256 << 10, 1 << 30)]
    public int MaximumSize { get; set; } = 20 << 20;

    /// <summary>Leave a file alone that is there.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Give the file back.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private readonly List<string> _names = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => _names.AddRange(Name);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var time = DateTimeOffset.UtcNow;
        var path = PathAt(time);
        if (NoClobber && TextFile.IsThere(path))
        {
            WriteError(FlannelError.FileExists.Record($"{path} exists already.", path));
            return;
        }
        if (!ShouldProcess(path, "Write a diagnostic bundle"))
            return;
        var content = Content(time);
        try
        {
            TextFile.Write(path, content, TextFile.SecretMode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(TextFile.Record(e, path, FlannelError.FileNotWritten));
            return;
        }
        if (PassThru)
            WriteObject(new FileInfo(path));
    }

    private byte[] Content(DateTimeOffset time)
    {
        var answers = Names().ToDictionary(name => name, name => Await(token => CheckFactsReader.AskAsync(name, token)));
        var nodes = answers.Select(pair => new DiagnosticNode(pair.Key, pair.Value)).ToList();
        var (facts, checks) = (HostFactsOf(answers), new List<FlannelCheckResult>());
        var entries = Read([.. Sources(nodes, facts, checks)]);

        var known = KnownSecrets.Read(
            nodes.SelectMany(node => new ServiceSource(node).Files()), nodes.Select(node => node.Process), [Target.Options.Password, Credential?.GetNetworkCredential().Password], Target.Options.KeyFile is { } key ? [key] : []);
        var mask = new SecretMask(known.Values, known.KeyPieces);
        var removed = 0;
        var clean = entries.Select(entry => Clean(entry)).ToList();
        var (fitting, cuts) = DiagnosticBundle.Fit([.. clean.Where(entry => entry.Text.Length > 0)], MaximumSize - DiagnosticSummary.MaximumLength);
        var states = nodes.Select(node => node.Answers.Silence.Length == 0 ? new FlannelNode(node.Answers.Status) : new FlannelNode(node.Name, "Silent", 0, node.Answers.Silence)).ToList();
        var about = $"{time:yyyy-MM-dd HH:mm:ss}Z on {Environment.MachineName}, by FlannelPS {ServicePaths.Version} in {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}";
        var summary = DiagnosticSummary.Render(about, states, checks, [.. fitting, .. clean.Where(entry => entry.Text.Length == 0)], cuts, removed);
        return DiagnosticBundle.Zip([new("summary.txt", DiagnosticSummary.Bounded(mask.Apply(summary))), .. fitting], time);

        DiagnosticEntry Clean(DiagnosticEntry entry)
        {
            var text = mask.Apply(entry.Text, out var count);
            removed += count;
            return entry with { Text = text, Problem = mask.Apply(entry.Problem) };
        }
    }

    private static IEnumerable<DiagnosticSource> Sources(List<DiagnosticNode> nodes, CheckFacts facts, List<FlannelCheckResult> checks)
    {
        foreach (var node in nodes)
        {
            yield return new NodeAnswerSource(node);
            yield return new CheckSource($"{node.Folder}/checks.json", ChecksOf(node), CheckFactsReader.OfNode(node.Answers, node.Name, Watched), node.Name, checks);
            yield return new NodeFileSource(node);
            yield return new NodeLogSource(node);
            yield return new ServiceSource(node);
        }
        yield return new CheckSource("checks.json", CheckList.Of(FlannelCheckScope.Host), facts, "", checks);
        yield return new StoreSource(facts);
        yield return new NetworkSource("network", Environment.ProcessId);
        yield return new FirewallSource("firewall", Environment.ProcessId);
        yield return new KernelSource();
        foreach (var node in nodes.Where(node => node.IsElsewhere))
        {
            yield return new NetworkSource($"{node.Folder}/network", node.Process);
            yield return new FirewallSource($"{node.Folder}/firewall", node.Process);
        }
    }

    // Of a node that is silent there is nothing more to be said.
    private static IEnumerable<Check> ChecksOf(DiagnosticNode node)
        => CheckList.Of(FlannelCheckScope.Node).Where(check => node.Answers.Silence.Length == 0 || check is NodeAnswersCheck);

    private List<DiagnosticEntry> Read(IReadOnlyList<DiagnosticSource> sources)
    {
        var entries = new List<DiagnosticEntry>();
        var progress = new ProgressRecord(0, "Reading what helps to find a fault", "beginning");
        for (var i = 0; i < sources.Count; i++)
        {
            var source = sources[i];
            (progress.StatusDescription, progress.PercentComplete) = (source.About, 100 * i / sources.Count);
            WriteProgress(progress);
            // One that fails is not to cost all the others.
            entries.AddRange(Await(token => Task.Run(() => Try(source, token), token).WaitAsync(token)));
        }
        progress.RecordType = ProgressRecordType.Completed;
        WriteProgress(progress);
        return entries;
    }

    private static List<DiagnosticEntry> Try(DiagnosticSource source, CancellationToken cancellationToken)
    {
        try
        {
            return [.. source.Read(cancellationToken)];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return [DiagnosticEntry.Missing(source.About, e.Message)];
        }
    }

    private IEnumerable<string> Names()
    {
        var known = LocalNodes.Names().Union(LogSource.Names()).Union(ServicePaths.Names()).Order(StringComparer.Ordinal).ToList();
        var patterns = _names.Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        foreach (var text in patterns.Where(text => !WildcardPattern.ContainsWildcardCharacters(text) && !known.Contains(text, StringComparer.OrdinalIgnoreCase)))
            WriteError(FlannelError.NodeNotFound.Record($"There is no node '{text}' on this host.", text));
        return known.Where(name => patterns.Exists(pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(name)));
    }

    private string PathAt(DateTimeOffset time)
    {
        var path = FullPath(Path);
        return Directory.Exists(path) ? System.IO.Path.Join(path, $"flannelps-{Environment.MachineName}-{time:yyyyMMdd'T'HHmmss'Z'}.zip") : path;
    }
}
