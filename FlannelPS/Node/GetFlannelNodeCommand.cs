using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Shows the nodes of this host: detached ones, services, and those in sessions.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelNode")]
[OutputType(typeof(FlannelNode))]
public sealed class GetFlannelNodeCommand : NodeCommand
{
    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only nodes in these states; wildcards allowed.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] State { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            var node = Look(name);
            if (Array.Exists(State, state => WildcardPattern.Get(state, WildcardOptions.IgnoreCase).IsMatch(node.State)))
                WriteObject(node);
        }
    }
}
