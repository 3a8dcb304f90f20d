using System.Management.Automation;
using FlannelPS.Checks;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>What the cmdlets share that run checks of a host and its store.</summary>
public abstract class CheckCommand : StoreCommand
{
    /// <summary>How long a counter of errors that is not zero is watched.</summary>
    internal static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override void BeginProcessing() => NodeCommand.RequireLinux(this);

    /// <summary>Asks the store; its failure is what the checks judge, and no error of the cmdlet.</summary>
    private protected Func<StoreFacts> StoreFactsOf(StoreTarget target, IStore store, string subnetFile)
        => () => Task.Run(() => StoreFactsReader.ReadAsync(store, target, subnetFile, StopToken), StopToken).GetAwaiter().GetResult();

    /// <summary>This host and its store, with a node that runs here for what only a node knows.</summary>
    private protected CheckFacts HostFactsOf(Dictionary<string, NodeAnswers> answers)
    {
        // A node in another network namespace is of another host.
        var here = ProcessTable.NamespaceOf(Environment.ProcessId);
        var node = answers.Values.FirstOrDefault(answer => answer.Silence.Length == 0 && ProcessTable.NamespaceOf((int)(answer.Status.Number("pid") ?? 0)) == here);
        var interfaces = node?.Status.Text("interface") is { } known ? new InterfaceOptions([known], []) : InterfaceOptions.None;
        var file = node?.Status.Part("subnetFile").Text("path") ?? CheckFactsReader.SubnetFile;
        return CheckFactsReader.OfHost(StoreOf(node, file), interfaces, node?.Status.Text("name") ?? "flannel", file, Watched);
    }

    // Where nothing says which store is meant, it is the node's; one that needs a certificate or a user only the node can ask.
    private Func<StoreFacts> StoreOf(NodeAnswers? node, string file)
    {
        var isNamed = MyInvocation.BoundParameters.Keys.Any(name => name is nameof(Endpoint) or nameof(Store)) || StoreSession.Current.Default is not null || Variable("FLANNELD_ETCD_ENDPOINTS") is not null;
        if (isNamed || node is null || node.Status.Part("store").Text("endpoints") is not { } endpoints)
            return StoreFactsOf(Target, Connection, file);
        if (endpoints.Contains("https:", StringComparison.Ordinal))
            return () => throw new FactsMissingException($"The node's store {endpoints} needs certificates or a user: name it by -Endpoint with them, or by Connect-FlannelStore.");
        Endpoint = [.. endpoints.Split(',', StringSplitOptions.TrimEntries).Select(endpoint => new Uri(endpoint))];
        Prefix ??= node.Status.Part("store").Text("prefix");
        return StoreFactsOf(Target, Connection, file);
    }

    /// <summary>Runs checks one by one, each result as it comes.</summary>
    private protected void RunChecks(IEnumerable<Check> checks, CheckFacts facts, string node, Action<FlannelCheckResult> take)
    {
        foreach (var check in checks)
            foreach (var result in Await(token => Task.Run(() => CheckRun.Run(check, facts, node), token).WaitAsync(token)))
                take(result);
    }

    /// <summary>True or false for a Test cmdlet, and the reasons for who wants them.</summary>
    private protected bool Tell(FlannelCheckResult result, bool isDetailed)
    {
        if (isDetailed)
            WriteObject(result);
        else if (result.Status is FlannelTestStatus.Fail or FlannelTestStatus.Warn)
            WriteVerbose(result.ToString());
        return result.Status != FlannelTestStatus.Fail;
    }
}
