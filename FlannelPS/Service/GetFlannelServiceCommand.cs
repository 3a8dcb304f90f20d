using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Shows the nodes that are services of this host.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelService")]
[OutputType(typeof(FlannelService))]
public sealed class GetFlannelServiceCommand : ServiceCommand
{
    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServiceNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var names = Resolve(Name);
        WriteObject(Systemd(token => ServiceListing.ReadAsync(names, token)), enumerateCollection: true);
    }
}
