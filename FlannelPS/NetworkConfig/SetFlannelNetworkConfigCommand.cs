using System.Management.Automation;
using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Writes a network's configuration to the store. Nothing is written where it says so already.</summary>
[Cmdlet(VerbsCommon.Set, "FlannelNetworkConfig", DefaultParameterSetName = ByParameters, SupportsShouldProcess = true)]
[OutputType(typeof(FlannelNetworkConfig))]
public sealed partial class SetFlannelNetworkConfigCommand : StoreCommand
{
    private const string ByParameters = "Parameters", ByObject = "InputObject", ByPath = "Path", ByLiteralPath = "LiteralPath";

    /// <summary>The overlay's IPv4 network, such as 10.5.0.0/16.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNullOrEmpty]
    public string Network { get; set; } = "";

    /// <summary>Prefix length of one node's subnet, bits.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [Alias("SubnetLen")]
    public int SubnetLength { get; set; }

    /// <summary>Address of the first subnet to be given.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNull]
    public IPAddress? SubnetMin { get; set; }

    /// <summary>Address of the last subnet to be given, inclusive.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNull]
    public IPAddress? SubnetMax { get; set; }

    /// <summary>IPv4, which is on by default.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    public SwitchParameter EnableIPv4 { get; set; }

    /// <summary>IPv6 beside IPv4.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    public SwitchParameter EnableIPv6 { get; set; }

    /// <summary>The overlay's IPv6 network, such as fd00:5::/48.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNullOrEmpty]
    public string? IPv6Network { get; set; }

    /// <summary>Prefix length of one node's IPv6 subnet, bits.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [Alias("IPv6SubnetLen")]
    public int IPv6SubnetLength { get; set; }

    /// <summary>Address of the first IPv6 subnet to be given.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNull]
    public IPAddress? IPv6SubnetMin { get; set; }

    /// <summary>Address of the last IPv6 subnet to be given, inclusive.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ValidateNotNull]
    public IPAddress? IPv6SubnetMax { get; set; }

    /// <summary>nftables in place of iptables.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    public SwitchParameter EnableNFTables { get; set; }

    /// <summary>The backend, from New-FlannelBackend or by its name.</summary>
    [Parameter(ParameterSetName = ByParameters)]
    [Parameter(ParameterSetName = ByObject)]
    [ArgumentCompleter(typeof(BackendTypeCompleter))]
    [ValidateNotNull]
    public FlannelBackend? Backend { get; set; }

    /// <summary>A configuration; parameters beside it take the place of what it says.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByObject, ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelNetworkConfig? InputObject { get; set; }

    /// <summary>A JSON file, such as a net-conf.json.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The same, by its very name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string? LiteralPath { get; set; }

    /// <summary>Leave a configuration alone that is there.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Write though nodes hold leases under another network or backend, and though somebody changed it since it was read.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the configuration back as it stands in the store then.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Wanted() is not { } wanted)
            return;
        var network = new NetworkConfigStore(Connection, NetworkPrefix);
        var seen = Ask((_, token) => network.ReadAsync(token));
        if (NoClobber && seen.Json is not null)
        {
            WriteError(FlannelError.NetworkConfigExists.Record($"There is a network configuration at {network.Key} already.", network.Key));
            return;
        }
        if (IsSaid(seen, wanted))
        {
            WriteVerbose($"{network.Key} says so already; nothing is written.");
            Give(wanted, seen, network.Key);
            return;
        }
        if (!wanted.Backend.IsNamed)
        {
            WriteWarning("The configuration names no backend, which flannel's code takes for udp and its documentation for vxlan: vxlan is written.");
            wanted = Keep(NetworkConfigParameters.WithBackend(wanted), wanted);
        }
        var leases = Force ? null : Ask((_, token) => network.LeasesAsync(token));
        if (leases is not null && Refusal(wanted, seen, leases, network.Key) is { } refusal)
            WriteError(refusal);
        else if (ShouldProcess(network.Key, $"Set network configuration {wanted}"))
            Write(network, wanted, seen, leases);
    }

    private void Write(NetworkConfigStore network, FlannelNetworkConfig wanted, StoredConfig seen, LeasesAt? leases)
    {
        if (Ask((_, token) => network.WriteAsync(wanted.Text, seen, leases, token)) is { } revision)
            Give(wanted, seen with { Json = wanted.Text, Revision = revision }, network.Key);
        else
            WriteError(FlannelError.NetworkConfigChanged.Record($"Nothing was written to {network.Key}: somebody changed it, or a node took a lease, in this very moment.", network.Key));
    }
}
