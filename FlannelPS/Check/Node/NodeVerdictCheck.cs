using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>One of the rules by which the engine compares what a node says with what stands in the kernel and in its file.</summary>
/// <param name="name">The rule.</param>
/// <param name="category">Where it belongs.</param>
/// <param name="description">What it looks at.</param>
internal sealed class NodeVerdictCheck(string name, string category, string description) : Check(name, category, FlannelCheckScope.Node, description)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        if (facts.Node.Silence.Length > 0)
            throw new FactsMissingException("The node does not answer.");
        return facts.Node.Verdicts.Where(verdict => verdict.Rule == About.Name).Select(verdict => new Finding(Status(verdict.Status), verdict.Message,
            verdict.Status is RuleStatus.Fail or RuleStatus.Warn ? Cause(facts.Node, verdict) : "", verdict.Remedy, Target(facts.Node)));
    }

    /// <summary>A rule's end as a check's.</summary>
    public static FlannelTestStatus Status(RuleStatus status)
        => status switch
        {
            RuleStatus.Pass => FlannelTestStatus.Pass,
            RuleStatus.Warn => FlannelTestStatus.Warn,
            RuleStatus.Fail => FlannelTestStatus.Fail,
            _ => FlannelTestStatus.Skip,
        };

    private static string Cause(NodeAnswers node, RuleVerdict verdict)
    {
        var (status, kernel) = (node.Status, node.Status.Part("kernel"));
        return verdict.Rule switch
        {
            "Store" => status.Part("store").Text("problem") ?? "The store cannot be followed.",
            "Lease" => status.Part("lease").Text("reason") ?? status.Part("store").Text("problem") ?? "The lease was not renewed.",
            "Configuration" => status.Text("configNotice") ?? "Nobody has written a configuration.",
            "Peers" when status.Part("store").Number("ignored") is > 0 => "The store is flooded with keys, by a program gone wrong or by somebody who may write there.",
            "Peers" => node.Peers.Objects().Where(peer => peer.Text("state") is "Failed" or "Refused").Select(peer => peer.Text("reason")).FirstOrDefault(reason => reason is not null) ?? "",
            "SubnetFile" => status.Part("subnetFile").Text("problem") ?? "Somebody on this host removed or changed the file.",
            "Ready" => status.Texts("reasons") is [var first, ..] ? first : "",
            "Routes" when node.Peers.Objects().Any(peer => peer.Text("reason")?.Contains("contested", StringComparison.OrdinalIgnoreCase) == true) => "Another program keeps its own routes there (the check ContestedRoute).",
            _ => kernel.Text("problem") ?? (kernel.Texts("failed") is [var failed, ..] ? failed : null) ?? "Somebody on this host changed it, and it is not put right yet.",
        };
    }

    private string Target(NodeAnswers node)
        => About.Name switch
        {
            "Lease" => node.Status.Part("lease").Text("subnet") ?? "",
            "Store" => node.Status.Part("store").Text("endpoints") ?? "",
            "Device" => string.Join(", ", node.Status.Texts("devices")),
            "SubnetFile" => node.Status.Part("subnetFile").Text("path") ?? "",
            "Configuration" => node.Status.Text("network") ?? "",
            _ => "",
        };
}
