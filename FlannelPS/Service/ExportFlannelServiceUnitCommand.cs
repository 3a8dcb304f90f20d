using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Gives the text of systemd's unit, or of what belongs beside it, for a package or another host; nothing is installed.</summary>
[Cmdlet(VerbsData.Export, "FlannelServiceUnit", SupportsShouldProcess = true)]
[OutputType(typeof(string), typeof(FileInfo))]
public sealed class ExportFlannelServiceUnitCommand : FileCommand
{
    /// <summary>The file; without it the text is written to the pipeline.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Node: the unit. Docker, Containerd: a drop-in that makes them start behind the node, Docker with its subnet and MTU.</summary>
    [Parameter]
    [ValidateSet("Node", "Docker", "Containerd")]
    public string Kind { get; set; } = "Node";

    /// <summary>The node that Docker or containerd belongs to.</summary>
    [Parameter]
    [ValidatePattern("^[a-z0-9-]{1,32}$")]
    public string Name { get; set; } = "flannel";

    /// <summary>For Docker: the node's subnet file on that host.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string SubnetFile { get; set; } = "/run/flannel/subnet.env";

    /// <summary>For Docker: the node masquerades, so Docker does not.</summary>
    [Parameter]
    [Alias("IpMasq", "ip-masq")]
    public SwitchParameter IPMasquerade { get; set; }

    /// <summary>Native: a unit with the daemon. PowerShell: one with a PowerShell process.</summary>
    [Parameter]
    [ValidateSet("Native", "PowerShell")]
    public string HostType { get; set; } = "Native";

    /// <summary>Where the program is on that host: flannelpsd, pwsh or dockerd.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ProgramPath { get; set; }

    /// <summary>Where the module's manifest is on that host.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ModulePath { get; set; }

    /// <summary>Leave a file that exists as it is, with an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var path in new[] { ProgramPath, ModulePath, SubnetFile })
            if (path is not null && (path[0] != '/' || path.Any(char.IsControl)))
                Fail(FlannelError.NodeOptionInvalid, $"'{path}' is no full path of a Linux host.", path);
        var text = Kind switch
        {
            "Docker" => NeighborUnit.Docker(Name, ProgramPath ?? (File.Exists("/usr/sbin/dockerd") ? "/usr/sbin/dockerd" : "/usr/bin/dockerd"), SubnetFile, IPMasquerade),
            "Containerd" => NeighborUnit.Containerd(Name),
            _ when HostType == "Native" => ServiceUnit.Native(ProgramPath ?? ServicePaths.Daemon),
            _ => ServiceUnit.PowerShell(ProgramPath ?? "/usr/bin/pwsh", ModulePath ?? $"/usr/local/share/powershell/Modules/FlannelPS/{ServicePaths.Version}/FlannelPS.psd1"),
        };
        if (Path is null)
            WriteObject(text);
        else if (FullPath(Path) is var path && WriteText(path, text, "the unit", NoClobber))
            WriteFile(path);
    }
}
