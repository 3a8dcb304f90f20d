using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>Puts together what checks judge by.</summary>
internal static class CheckFactsReader
{
    /// <summary>Where the subnet stands unless something else is said.</summary>
    public const string SubnetFile = "/run/flannel/subnet.env";

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    /// <summary>Of this host, a node running or not.</summary>
    /// <param name="store">What the store says; read when first asked for.</param>
    /// <param name="interfaces">What was said of the interface.</param>
    /// <param name="name">The node that is meant.</param>
    /// <param name="subnetFile">Its subnet file.</param>
    /// <param name="patience">How long to watch a counter of errors that is not zero.</param>
    public static CheckFacts OfHost(Func<StoreFacts> store, InterfaceOptions interfaces, string name, string subnetFile, TimeSpan patience)
    {
        var read = new Lazy<StoreFacts>(store);
        return new(() => HostFactsReader.Read(interfaces, IsDual(), subnetFile, patience), () => read.Value, null, FirewallReader.Read, ServiceFacts.Read, null, "It is about a node.")
        {
            Scope = FlannelCheckScope.Host,
            NodeName = name,
            SubnetFile = subnetFile,
        };

        bool IsDual()
        {
            try
            {
                return read.Value.Config?.IPv6 is not null;
            }
            catch (FactsMissingException)
            {
                return false;
            }
        }
    }

    /// <summary>Of a node that runs, in its network namespace.</summary>
    /// <param name="node">What it says.</param>
    /// <param name="name">Its name.</param>
    /// <param name="patience">How long to watch a counter of errors that is not zero.</param>
    public static CheckFacts OfNode(NodeAnswers node, string name, TimeSpan patience)
    {
        if (node.Silence.Length > 0)
            return new(node: () => node, missing: "The node does not answer.") { Scope = FlannelCheckScope.Node, NodeName = name };
        var process = (int)(node.Status.Number("pid") ?? 0);
        var interfaces = node.Status.Text("interface") is { } known ? new InterfaceOptions([known], []) : InterfaceOptions.None;
        var file = node.Status.Part("subnetFile").Text("path") ?? SubnetFile;
        return new(
            () => NodeNamespace.Run(process, () => HostFactsReader.Read(interfaces, node.Network?.IPv6Network is not null, file, patience)),
            null, () => node, () => NodeNamespace.Run(process, FirewallReader.Read), ServiceFacts.Read, () => Watch(node, name, process, patience), "A node's own store is asked by the node.")
        {
            Scope = FlannelCheckScope.Node,
            NodeName = name,
            SubnetFile = file,
        };
    }

    // Of what was never counted nothing is to be watched.
    private static NodeCounters Watch(NodeAnswers node, string name, int process, TimeSpan patience)
    {
        var isGuarded = node.Status.Part("firewall").Text("strictPeers") == "Enforced";
        var first = NodeCounters.Of(node.Status, Strangers());
        if (patience == TimeSpan.Zero || first.Values.All(count => count == 0))
            return new(first, first);
        Thread.Sleep(patience);
        try
        {
            var status = Task.Run(() => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(5), CancellationToken.None)).GetAwaiter().GetResult();
            return new(first, NodeCounters.Of(status, Strangers()));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            throw new FactsMissingException(e.Message, e);
        }

        long? Strangers() => isGuarded ? NodeNamespace.Run(process, () => GuardCounter.Read(name)) : null;
    }

    /// <summary>What a node says, or why it is silent.</summary>
    /// <remarks>Between its answer and the kernel's a peer may come or go. So what contradicts it is looked at once more, a moment later, and only what is wrong then is told.</remarks>
    public static async Task<NodeAnswers> AskAsync(string name, CancellationToken cancellationToken)
    {
        var answers = await AskOnceAsync(name, cancellationToken).ConfigureAwait(false);
        if (!answers.Verdicts.Any(verdict => verdict is { Rule: "Routes" or "Neighbors", Status: RuleStatus.Fail }))
            return answers;
        await Task.Delay(Moment, cancellationToken).ConfigureAwait(false);
        return await AskOnceAsync(name, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<NodeAnswers> AskOnceAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var (status, peers, leases) = (Ask(ControlVerbs.Status), Ask(ControlVerbs.Peers), Ask(ControlVerbs.Leases));
            await Task.WhenAll(status, peers, leases).ConfigureAwait(false);
            var answer = await status.ConfigureAwait(false);
            if (answer.Text("name") != name)
                throw new NodeSilentException(NodeSilence.NotOurs, $"What listens for the node '{name}' does not answer as flannelpsd does.");
            var its = await peers.ConfigureAwait(false);
            return new(answer, its, await leases.ConfigureAwait(false), Inspect(answer, its));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return new(default, default, default, []) { Silence = e.Message, SilenceRemedy = NodeCommand.Record(e, name).ErrorDetails.RecommendedAction };
        }

        // Of a node whose namespace may not be entered, what it says itself is judged.
        static IReadOnlyList<RuleVerdict> Inspect(JsonElement status, JsonElement peers)
        {
            try
            {
                return NodeNamespace.Run((int)(status.Number("pid") ?? 0), () => NodeInspection.Inspect(status, peers, DateTimeOffset.Now));
            }
            catch (FactsMissingException)
            {
                return NodeInspection.Inspect(status, peers, DateTimeOffset.Now);
            }
        }

        Task<JsonElement> Ask(string verb) => LocalNodes.AskAsync(name, verb, null, TimeSpan.FromSeconds(5), cancellationToken);
    }
}
