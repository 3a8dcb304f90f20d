using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Reads network configurations from JSON files, also from a net-conf.json.</summary>
[Cmdlet(VerbsData.Import, "FlannelNetworkConfig", DefaultParameterSetName = "Path")]
[OutputType(typeof(FlannelNetworkConfig))]
public sealed class ImportFlannelNetworkConfigCommand : FlannelCommand
{
    /// <summary>The files; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The files, by their very names.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var literal = ParameterSetName == "LiteralPath";
        foreach (var path in FilePaths.Resolve(this, literal ? LiteralPath : Path, literal))
        {
            if (TextFile.ReadJson(path, out var problem) is not { } json)
            {
                WriteError(problem!);
                continue;
            }
            try
            {
                WriteObject(FlannelNetworkConfig.Read(json));
            }
            catch (NetworkConfigException e)
            {
                WriteError(FlannelError.NetworkConfigInvalid.Record($"{path} is no usable network configuration: {e.Message}.", path, e));
            }
        }
    }
}
