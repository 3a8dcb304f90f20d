using System.Globalization;
using System.Management.Automation;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>What the cmdlets of Docker's options share: where the subnet comes from, and what follows from it.</summary>
public abstract class DockerOptionCommand : FileCommand
{
    /// <summary>The subnet file.</summary>
    [Parameter(ParameterSetName = "File", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string SubnetFile { get; set; } = "/run/flannel/subnet.env";

    /// <summary>What Import-FlannelSubnetEnv read.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "SubnetEnv", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelSubnetEnv? SubnetEnv { get; set; }

    /// <summary>Leave --ip-masq out.</summary>
    [Parameter(ParameterSetName = "File")]
    [Parameter(ParameterSetName = "SubnetEnv")]
    [Alias("NoIpMasq")]
    public SwitchParameter NoIPMasquerade { get; set; }

    /// <summary>The options that follow from an object.</summary>
    private protected FlannelDockerOption Compute(FlannelSubnetEnv env)
        => new(
            env.Subnet is { } subnet ? $"{env.Gateway}/{subnet.PrefixLength}" : null,
            NoIPMasquerade ? null : !env.IPMasquerade,
            env.Mtu == 0 ? null : env.Mtu.ToString(CultureInfo.InvariantCulture));

    /// <summary>The options that follow from a file's variables; null, and an error was written, when one of them is wrong.</summary>
    private protected FlannelDockerOption? Compute(IReadOnlyDictionary<string, string> variables, string path)
    {
        string? bridge = Value("FLANNEL_SUBNET"), mtu = Value("FLANNEL_MTU"), masquerade = NoIPMasquerade ? null : Value("FLANNEL_IPMASQ");
        // The script takes any text for subnet and MTU, and a shell looks at it again; here it must be what it says.
        if (bridge is not null && !AddressText.TryParseCidr(bridge, AddressFamily.InterNetwork, out _))
            return Invalid("FLANNEL_SUBNET", bridge, "an address and length such as 10.5.72.1/24");
        if (mtu is not null && !(int.TryParse(mtu, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0))
            return Invalid("FLANNEL_MTU", mtu, "a number of bytes");
        if (masquerade is not (null or "true" or "false"))
            return Invalid("FLANNEL_IPMASQ", masquerade, "true or false");
        return new(bridge, masquerade is null ? null : masquerade == "false", mtu);

        string? Value(string name) => variables.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

        FlannelDockerOption? Invalid(string name, string value, string expected)
        {
            WriteError(FlannelError.FileInvalid.Record($"{path}: {name} is '{value}', and must be {expected}.", path));
            return null;
        }
    }

    /// <summary>The variables of a subnet file; of two lines for one the later counts, as in a shell.</summary>
    private protected static Dictionary<string, string> Variables(string text)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in EnvLines.Read(text))
            variables[name] = value;
        return variables;
    }
}
