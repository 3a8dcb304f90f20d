using System.Collections;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Commands;

/// <summary>Writes Docker's options to a file of variables, as mk-docker-opts.sh does.</summary>
[Cmdlet(VerbsData.Export, "FlannelDockerOption", DefaultParameterSetName = "File", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportFlannelDockerOptionCommand : DockerOptionCommand
{
    /// <summary>The file.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "/run/docker_opts.env";

    /// <summary>What Get-FlannelDockerOption computed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Option", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelDockerOption? InputObject { get; set; }

    /// <summary>A variable for each option: DOCKER_OPT_BIP, DOCKER_OPT_IPMASQ, DOCKER_OPT_MTU.</summary>
    [Parameter]
    public SwitchParameter Individual { get; set; }

    /// <summary>One variable with all options.</summary>
    [Parameter]
    public SwitchParameter Combined { get; set; }

    /// <summary>The name of that variable.</summary>
    [Parameter]
    [ValidatePattern("^[A-Za-z_][A-Za-z0-9_]*$")]
    public string CombinedKey { get; set; } = "DOCKER_OPTS";

    /// <summary>Leave a file that exists as it is, with an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Return the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // What the script's shell would find set: the process's variables, and over them those of the file.
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => (string)variable.Key is var name && (name == CombinedKey || name.StartsWith(DockerOptionFile.Single, StringComparison.Ordinal)))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal);
        if (Options(variables) is not { } options)
            return;
        var before = variables.GetValueOrDefault(CombinedKey, "");
        var singles = variables.Where(variable => variable.Key.StartsWith(DockerOptionFile.Single, StringComparison.Ordinal) && variable.Key != CombinedKey)
            .ToDictionary(variable => variable.Key, variable => variable.Value, StringComparer.Ordinal);
        foreach (var (name, value) in options.Variables)
            singles[name] = value;
        foreach (var (name, value) in singles.Append(new(CombinedKey, before)).Where(variable => !DockerOptionFile.CanHold(variable.Value)).ToList())
        {
            WriteWarning($"The variable {name} is left out: its value has a character that would have another meaning in the file.");
            if (!singles.Remove(name))
                before = "";
        }

        var path = FullPath(Path);
        var both = !Individual && !Combined;
        if (!WriteText(path, DockerOptionFile.Render(singles, Individual || both, Combined || both ? CombinedKey : null, before), "Docker's options", NoClobber))
            return;
        if (PassThru)
            WriteFile(path);
        if (options.BridgeIP is not null)
            CheckRoute(options.BridgeIP);
    }

    private FlannelDockerOption? Options(Dictionary<string, string> variables)
    {
        if (ParameterSetName == "Option")
            return InputObject;
        if (ParameterSetName == "SubnetEnv")
            return Compute(SubnetEnv!);
        var path = FullPath(SubnetFile);
        var text = TextFile.Read(path, out var problem);
        if (problem is not null)
        {
            WriteError(problem);
            return null;
        }
        if (text is null)
            WriteWarning($"{path}: there is no such file, so Docker gets no options from it. Start the node first, or name its file by -SubnetFile.");
        foreach (var (name, value) in Variables(text ?? ""))
            variables[name] = value;
        return Compute(variables, path);
    }

    /// <summary>The script's last look: a gateway route to our own subnet would take the bridge's packets elsewhere.</summary>
    private void CheckRoute(string bridge)
    {
        if (!OperatingSystem.IsLinux() || !AddressText.TryParseCidr(bridge, AddressFamily.InterNetwork, out var subnet))
            return;
        try
        {
            if (GatewayOf(subnet) is { } gateway)
                WriteError(FlannelError.RouteConflict.Record($"This host routes {subnet}, its own subnet, to {gateway}: Docker's bridge would get no answer. The file is written all the same.", subnet));
        }
        catch (NetlinkException e)
        {
            WriteVerbose($"The routes cannot be read: {e.Message}");
        }
    }

    private static IPAddress? GatewayOf(IPNetwork subnet)
    {
        using var socket = new RouteSocket();
        return socket.DumpRoutes(AddressFamily.InterNetwork).Where(route => route.Destination.Equals(subnet) && route.Gateway is not null).Select(route => route.Gateway).FirstOrDefault();
    }
}
