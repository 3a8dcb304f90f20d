using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Writes a CNI configuration where the container runtime finds it.</summary>
[Cmdlet(VerbsData.Export, "FlannelCniConfig", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportFlannelCniConfigCommand : FileCommand
{
    /// <summary>The file: a list as .conflist, one plugin as .conf or .json.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "/etc/cni/net.d/10-flannel.conflist";

    /// <summary>What New-FlannelCniConfig made.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelCniConfig InputObject { get; set; } = null!;

    /// <summary>Leave a file that exists as it is, with an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Return the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var path = FullPath(Path);
        var extension = System.IO.Path.GetExtension(path);
        var isList = extension is not (".conf" or ".json");
        if (extension is not (".conflist" or ".conf" or ".json"))
            WriteWarning($"Container runtimes read files named .conflist, .conf or .json; they will not see {path}.");
        if (!isList && InputObject.PortMap)
        {
            WriteError(FlannelError.ParameterConflict.Record($"{path} is to hold one plugin, and portmap is a second one: name the file .conflist.", path));
            return;
        }
        if (WriteText(path, isList ? InputObject.ToConfList() : InputObject.ToConf(), "the CNI configuration", NoClobber) && PassThru)
            WriteFile(path);
    }
}
