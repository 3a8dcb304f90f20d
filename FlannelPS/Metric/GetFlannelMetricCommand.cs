using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Commands;

/// <summary>Shows the numbers that nodes of this host count.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelMetric", DefaultParameterSetName = "Object")]
[OutputType(typeof(FlannelMetric), ParameterSetName = ["Object"])]
[OutputType(typeof(string), ParameterSetName = ["Prometheus"])]
public sealed class GetFlannelMetricCommand : NodeCommand
{
    /// <summary>Whose; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only numbers of these names; wildcards allowed.</summary>
    [Parameter(Position = 1, ParameterSetName = "Object")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Metric { get; set; } = ["*"];

    /// <summary>The text that Prometheus reads, one a node.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Prometheus")]
    public SwitchParameter AsPrometheus { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            if (Ask(name, ControlVerbs.Metrics) is not { } answer)
                continue;
            var text = answer.ValueKind == JsonValueKind.String ? answer.GetString()! : "";
            try
            {
                var metrics = OpenMetricsText.Parse(name, text);
                if (metrics.Count == 0)
                    throw new FormatException("it tells no numbers");
                if (AsPrometheus)
                    WriteObject(text);
                else
                    WriteObject(metrics.Where(metric => Array.Exists(Metric, pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(metric.Name))), enumerateCollection: true);
            }
            catch (FormatException e)
            {
                WriteError(FlannelError.NodeAnswerInvalid.Record($"What listens for the node '{name}' does not answer as flannelpsd does: {e.Message}.", name, e));
            }
        }
    }
}
