using System.Collections;
using System.Management.Automation;
using FlannelPS.Checks;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Runs checks of this host, its store and its nodes, and of the way to other hosts.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "FlannelCheck", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelCheckResult))]
public sealed class InvokeFlannelCheckCommand : CheckCommand
{
    private readonly List<FlannelCheckResult> _results = [];
    private readonly List<string> _piped = [];

    /// <summary>Checks by name; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Check { get; set; } = ["*"];

    /// <summary>Checks as Get-FlannelCheck gives them.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelCheck[]? InputObject { get; set; }

    /// <summary>Checks by category; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Category { get; set; } = ["*"];

    /// <summary>Checks that have one of these tags; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = ["*"];

    /// <summary>Not those that have one of these tags; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] ExcludeTag { get; set; } = [];

    /// <summary>Nodes of this host; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Other computers, by SSH: the checks run there, as PowerShell remoting over SSH reaches them.</summary>
    [Parameter]
    [Alias("HostName")]
    [ValidateNotNullOrEmpty]
    public string[] ComputerName { get; set; } = [];

    /// <summary>The user there; as ssh has it where it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>The file of the private key; as ssh has it where it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>The port of the computers' SSH.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int Port { get; set; } = 22;

    /// <summary>Computers at once, at most.</summary>
    [Parameter]
    [ValidateRange(1, 512)]
    public int ThrottleLimit { get; set; } = 32;

    /// <summary>A file for pipelines to read.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutputFile { get; set; }

    /// <summary>Its form.</summary>
    [Parameter]
    public FlannelCheckOutputFormat OutputFormat { get; set; }

    /// <summary>Ends the session with the number of checks that failed as its exit code.</summary>
    [Parameter]
    public SwitchParameter Exit { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _piped.AddRange((InputObject ?? []).Select(check => check.Name));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var names = _piped.Count > 0 ? [.. _piped] : Check;
        var checks = CheckList.All().Where(check => CheckFilter.IsMeant(check.About, names, Category, Tag, ExcludeTag)).ToList();
        foreach (var name in Check.Where(name => !WildcardPattern.ContainsWildcardCharacters(name) && !CheckList.All().Any(check => check.About.Name.Equals(name, StringComparison.OrdinalIgnoreCase))))
            WriteError(FlannelError.CheckNotFound.Record($"There is no check '{name}'.", name));
        if (ComputerName.Length > 0)
            RunThere(names);
        else
            RunHere(checks);
        if (OutputFile is not null)
            Save(FullPath(OutputFile));
        if (Exit)
            Host.SetShouldExit(Math.Min(_results.Count(result => result.Status is FlannelTestStatus.Fail), 255));
    }

    private void RunHere(List<Check> checks)
    {
        var nodes = Array.FindAll([.. LocalNodes.Names()], name => Array.Exists(Name, pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(name)));
        var answers = nodes.ToDictionary(name => name, name => Await(token => CheckFactsReader.AskAsync(name, token)));

        var ofHost = checks.Where(check => check.About.Scope.HasFlag(FlannelCheckScope.Host)).ToList();
        if (ofHost.Count > 0)
            RunChecks(ofHost, HostFactsOf(answers), "", Take);
        foreach (var (name, answer) in answers)
        {
            // What was judged for the host is not told again for its node; one in another network namespace is of another host.
            var ofNode = checks.Where(check => check.About.Scope.HasFlag(FlannelCheckScope.Node) && (!check.About.Scope.HasFlag(FlannelCheckScope.Host) || IsJudgedByNode(check) || !IsHere(answer))).ToList();
            RunChecks(ofNode, CheckFactsReader.OfNode(answer, name, Watched), name, Take);
            var ofPeers = checks.Where(check => check.About.Scope.HasFlag(FlannelCheckScope.Connectivity)).ToList();
            if (ofPeers.Count > 0)
                RunChecks(ofPeers, Tried(name, answer), name, Take);
        }
    }

    private void RunThere(string[] names)
    {
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Store)))
            ThrowTerminatingError(FlannelError.ParameterConflict.Record("A -Store is of this session, and the checks run on other computers: name it by -Endpoint.", Store));
        var parameters = new Hashtable { [nameof(Check)] = names };
        foreach (var (name, value) in MyInvocation.BoundParameters.Where(bound => Array.Exists(RemoteCheck.Handed, name => name.Equals(bound.Key, StringComparison.OrdinalIgnoreCase))))
            parameters[name] = value is SwitchParameter isSet ? isSet.IsPresent : value;
        var remote = new RemoteCheck(new(UserName, KeyFilePath is null ? null : FullPath(KeyFilePath), Port, ThrottleLimit), Path.Join(MyInvocation.MyCommand.Module?.ModuleBase, "FlannelPS.psd1"), parameters);
        WriteEach(token => remote.RunAsync([.. ComputerName.Distinct(StringComparer.OrdinalIgnoreCase)], token), outcome =>
        {
            if (outcome.Result is { } result)
                Take(result);
            else if (outcome.Failure is { } failure)
            {
                // A report without the computer, and an exit code of 0, would say that all is well there.
                _results.Add(new(RemoteCheck.Connection, CheckCategory.Node, FlannelTestStatus.Fail, failure.ToString(), "The checks did not run there.", failure.ErrorDetails.RecommendedAction, outcome.Computer, "", TimeSpan.Zero) { ComputerName = outcome.Computer });
                WriteError(failure);
            }
        });
    }

    private static bool IsHere(NodeAnswers answer) => answer.Silence.Length > 0 || ProcessTable.NamespaceOf((int)(answer.Status.Number("pid") ?? 0)) == ProcessTable.NamespaceOf(Environment.ProcessId);

    // A node knows its network, its devices and its interface, which a look from outside can only suppose.
    private static bool IsJudgedByNode(Check check) => check is ForwardRuleCheck or TunnelRuleCheck or OverlapCheck or JunkLeaseCheck or LeaseOwnerCheck;

    private CheckFacts Tried(string name, NodeAnswers answer)
    {
        if (answer.Silence.Length > 0)
            return new(node: () => answer, missing: "The node does not answer.") { Scope = FlannelCheckScope.Connectivity };
        var found = new List<FlannelConnectivityResult>();
        try
        {
            WriteEach(token => Connectivity.TryAsync(name, answer, new(), token), found.Add);
        }
        catch (FactsMissingException e)
        {
            WriteVerbose(e.Message);
            return new(missing: e.Message) { Scope = FlannelCheckScope.Connectivity };
        }
        return new(node: () => answer) { Scope = FlannelCheckScope.Connectivity, Connectivity = found };
    }

    private void Take(FlannelCheckResult result)
    {
        _results.Add(result);
        WriteObject(result);
    }

    private void Save(string path)
    {
        if (!ShouldProcess(path, "Write the results"))
            return;
        try
        {
            TextFile.Write(path, CheckReport.Render(_results, OutputFormat), TextFile.PublicMode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(TextFile.Record(e, path, FlannelError.FileNotWritten));
        }
    }
}
