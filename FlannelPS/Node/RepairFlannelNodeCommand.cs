using System.Management.Automation;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Commands;

/// <summary>Makes a node look at everything again, and put right what is not as it should be.</summary>
[Cmdlet(VerbsDiagnostic.Repair, "FlannelNode", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelRepairResult))]
public sealed class RepairFlannelNodeCommand : NodeCommand
{
    /// <summary>A little more than a node takes at most.</summary>
    private const double Patience = 14;

    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["flannel"];

    /// <summary>What to look at; all of it by default.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public FlannelNodeComponent[] Component { get; set; } = Enum.GetValues<FlannelNodeComponent>();

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            if (!ShouldProcess(name, $"Put right {string.Join(", ", Component)}"))
                continue;
            var answer = Ask(name, ControlVerbs.Repair, json =>
            {
                json.WriteStartArray("components");
                foreach (var component in Component.Distinct())
                    json.WriteStringValue(component.ToString());
                json.WriteEndArray();
            }, Patience);
            if (answer is not { } told)
                continue;
            var outcomes = told.Objects().Where(outcome => Enum.TryParse<FlannelNodeComponent>(outcome.Text("part"), out _)).Select(outcome => new FlannelRepairResult(name, outcome)).ToList();
            if (outcomes.Count == 0)
                WriteError(FlannelError.NodeAnswerInvalid.Record($"What listens for the node '{name}' does not say what it did.", name));
            WriteObject(outcomes, enumerateCollection: true);
        }
    }
}
