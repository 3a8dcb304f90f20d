using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Writes a network configuration to a JSON file, as flannel's net-conf.json.</summary>
[Cmdlet(VerbsData.Export, "FlannelNetworkConfig", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportFlannelNetworkConfigCommand : FlannelCommand
{
    private bool _isWritten;

    /// <summary>The file.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The file, by its very name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string LiteralPath { get; set; } = "";

    /// <summary>The configuration.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelNetworkConfig? InputObject { get; set; }

    /// <summary>Leave a file alone that is there.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replace a read-only file too, and make folders that are missing.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the file back.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var path = FullPath(ParameterSetName == "LiteralPath" ? LiteralPath : Path);
        if (_isWritten)
        {
            WriteError(FlannelError.ParameterConflict.Record($"{path} was just written; one file takes one configuration.", InputObject));
            return;
        }
        if (Refusal(path) is { } refusal)
        {
            WriteError(refusal);
            return;
        }
        if (!ShouldProcess(path, $"Export network configuration {InputObject}"))
            return;
        byte[] content = [.. NetworkConfigText.Write(InputObject!.Text, indented: true), (byte)'\n'];
        try
        {
            if (!TextFile.Write(path, content, InputObject.Backend.HoldsSecret ? TextFile.SecretMode : TextFile.PublicMode))
                WriteVerbose($"{path} says so already; nothing is written.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(TextFile.Record(e, path, FlannelError.FileNotWritten));
            return;
        }
        _isWritten = true;
        if (PassThru)
            WriteObject(new FileInfo(path));
    }

    private ErrorRecord? Refusal(string path)
    {
        var file = new FileInfo(path);
        var exists = file.Exists || file.LinkTarget is not null;
        if (exists && NoClobber)
            return FlannelError.FileExists.Record($"{path} is there already.", path);
        if (!Force && exists && file.IsReadOnly)
            return FlannelError.FileNotWritten.Record($"{path} is read-only; -Force replaces it all the same.", path);
        return !Force && !Directory.Exists(file.DirectoryName)
            ? FlannelError.FileNotFound.Record($"There is no folder {file.DirectoryName}; -Force makes it.", path)
            : null;
    }
}
