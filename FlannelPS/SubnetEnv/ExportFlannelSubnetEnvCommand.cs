using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Writes a subnet file, as a node does.</summary>
[Cmdlet(VerbsData.Export, "FlannelSubnetEnv", DefaultParameterSetName = "Node", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelSubnetEnv))]
public sealed class ExportFlannelSubnetEnvCommand : FileCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private const string DefaultPath = "/run/flannel/subnet.env";
    private readonly HashSet<string> _written = [];

    /// <summary>The file.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = DefaultPath;

    /// <summary>What Import-FlannelSubnetEnv read.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Object", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelSubnetEnv InputObject { get; set; } = null!;

    /// <summary>A running node of this host, which is asked.</summary>
    [Parameter(ParameterSetName = "Node", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "flannel";

    /// <summary>The IPv4 network of all hosts.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Value")]
    [ValidateNotNullOrEmpty]
    public string Network { get; set; } = "";

    /// <summary>The host's part of it; a lease has it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Subnet { get; set; } = "";

    /// <summary>The IPv6 network.</summary>
    [Parameter(ParameterSetName = "Value")]
    [ValidateNotNullOrEmpty]
    public string? IPv6Network { get; set; }

    /// <summary>The host's part of it; a lease has it.</summary>
    [Parameter(ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public string? IPv6Subnet { get; set; }

    /// <summary>MTU of containers: the interface's, less what the backend adds (50 for vxlan).</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Value")]
    [ValidateRange(68, 65_535)]
    public int Mtu { get; set; }

    /// <summary>Whether the node masquerades, so that Docker need not.</summary>
    [Parameter(ParameterSetName = "Value")]
    [Alias("IpMasq", "ip-masq")]
    public SwitchParameter IPMasquerade { get; set; }

    /// <summary>Leave a file that exists as it is, with an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Return what was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var path = FullPath(Path);
        var env = ParameterSetName switch
        {
            "Object" => InputObject,
            "Value" => OfValues() is { } values ? new FlannelSubnetEnv(values, null) : null,
            _ => OfNode(),
        };
        if (env is null)
            return;
        if (!_written.Add(path))
            WriteError(FlannelError.ParameterConflict.Record($"{path} was written just now for another object: one file tells of one host. Give each its -Path.", path));
        else if (WriteText(path, env.Text, "the subnet file", NoClobber) && PassThru)
            WriteObject(env);
    }

    private SubnetEnv? OfValues()
    {
        if (Parse(Network, AddressFamily.InterNetwork) is not { } network || Parse(Subnet, AddressFamily.InterNetwork) is not { } subnet || !IsPart(subnet, network))
            return null;
        IPNetwork? networkV6 = null, subnetV6 = null;
        if (!string.IsNullOrEmpty(IPv6Network) || !string.IsNullOrEmpty(IPv6Subnet))
        {
            if (string.IsNullOrEmpty(IPv6Network) || string.IsNullOrEmpty(IPv6Subnet))
            {
                WriteError(FlannelError.ParameterConflict.Record("IPv6 needs both -IPv6Network and -IPv6Subnet: one is not given.", Subnet));
                return null;
            }
            networkV6 = Parse(IPv6Network, AddressFamily.InterNetworkV6);
            subnetV6 = Parse(IPv6Subnet, AddressFamily.InterNetworkV6);
            if (networkV6 is null || subnetV6 is null || !IsPart(subnetV6.Value, networkV6.Value))
                return null;
        }
        return new(network, subnet, networkV6, subnetV6, Mtu, IPMasquerade);
    }

    private IPNetwork? Parse(string text, AddressFamily family)
    {
        if (!AddressText.TryParseCidr(text, family, out var network))
            WriteError(FlannelError.SubnetInvalid.Record($"'{text}' is no {(family == AddressFamily.InterNetwork ? "IPv4 network (such as 10.5.0.0/16)" : "IPv6 network (such as fd00:10::/48)")}.", text));
        else if (text[..text.IndexOf('/')] is var address && !network.BaseAddress.Equals(IPAddress.Parse(address)))
            WriteError(FlannelError.SubnetInvalid.Record($"'{text}' has host bits; the network is {network}.", text));
        else if (AddressNumber.Bits(family) - network.PrefixLength < 2)
            WriteError(FlannelError.SubnetInvalid.Record($"'{text}' has no room for hosts.", text));
        else
            return network;
        return null;
    }

    private bool IsPart(IPNetwork subnet, IPNetwork network)
    {
        if (AddressNumber.Contains(network, subnet))
            return true;
        WriteError(FlannelError.SubnetInvalid.Record($"{subnet} does not lie in {network}.", subnet));
        return false;
    }

    private FlannelSubnetEnv? OfNode()
    {
        NodeCommand.RequireLinux(this);
        if (!InstanceName.IsValid(Name))
        {
            WriteError(FlannelError.NodeNotFound.Record($"There is no node '{Name}' on this host: a name is {InstanceName.Rule}.", Name));
            return null;
        }
        try
        {
            var node = new FlannelNode(Await(token => LocalNodes.AskAsync(Name, ControlVerbs.Status, null, Patience, token)));
            if (node is { Network: { } network, Subnet: { } subnet, Mtu: { } mtu })
                return new(new SubnetEnv(network, subnet, node.IPv6Network, node.IPv6Subnet, mtu, node.IPMasquerade), null);
            WriteError(FlannelError.LeaseNotFound.Record($"The node '{Name}' has no lease yet{(node.Reasons is [var reason, ..] ? $" ({reason})" : "")}.", Name));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            WriteError(NodeCommand.Record(e, Name));
        }
        return null;
    }
}
