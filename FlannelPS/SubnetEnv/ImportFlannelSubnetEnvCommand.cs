using System.Management.Automation;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Reads subnet files.</summary>
[Cmdlet(VerbsData.Import, "FlannelSubnetEnv", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelSubnetEnv))]
public sealed class ImportFlannelSubnetEnvCommand : FileCommand
{
    private const string DefaultPath = "/run/flannel/subnet.env";

    /// <summary>Files; wildcards allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [DefaultPath];

    /// <summary>Files, taken as written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP", "SubnetFile")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Set the file's variables in the environment of this process too.</summary>
    [Parameter]
    public SwitchParameter SetEnvironment { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var path in ParameterSetName == "Path" ? Path.SelectMany(Resolve) : LiteralPath.Select(FullPath))
        {
            if (ReadText(path) is { } text)
                Import(path, text);
        }
    }

    private void Import(string path, string text)
    {
        var env = SubnetEnv.Parse(text);
        if (env.Subnet is null && env.IPv6Subnet is null)
        {
            WriteError(FlannelError.FileInvalid.Record($"{path} states no subnet (FLANNEL_SUBNET=10.5.72.1/24): it is no subnet file, or a damaged one.", path));
            return;
        }
        if (SetEnvironment)
        {
            foreach (var (name, value) in EnvLines.Read(text).Where(line => line.Name.StartsWith("FLANNEL_", StringComparison.Ordinal)))
            {
                if (ShouldProcess($"environment variable {name}", $"Set to '{value}'"))
                    Environment.SetEnvironmentVariable(name, value);
            }
        }
        WriteObject(new FlannelSubnetEnv(env, path));
    }

    private IEnumerable<string> Resolve(string path)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(path))
            return [FullPath(path)];
        try
        {
            return SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _);
        }
        catch (ItemNotFoundException)
        {
            return [];    // a pattern that matches nothing is no error
        }
    }
}
