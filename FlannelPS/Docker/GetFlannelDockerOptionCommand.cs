using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Computes the options with which Docker's daemon joins the overlay.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelDockerOption", DefaultParameterSetName = "File")]
[OutputType(typeof(FlannelDockerOption))]
public sealed class GetFlannelDockerOptionCommand : DockerOptionCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (SubnetEnv is not null && ParameterSetName == "SubnetEnv")
        {
            WriteObject(Compute(SubnetEnv));
            return;
        }
        var path = FullPath(SubnetFile);
        if (ReadText(path) is { } text && Compute(Variables(text), path) is { } options)
            WriteObject(options);
    }
}
