using System.Management.Automation;
using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Makes a network configuration, and writes it nowhere.</summary>
[Cmdlet(VerbsCommon.New, "FlannelNetworkConfig")]
[OutputType(typeof(FlannelNetworkConfig))]
public sealed class NewFlannelNetworkConfigCommand : FlannelCommand
{
    /// <summary>The overlay's IPv4 network, such as 10.5.0.0/16.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Network { get; set; } = "";

    /// <summary>Prefix length of one node's subnet, bits.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("SubnetLen")]
    public int SubnetLength { get; set; }

    /// <summary>Address of the first subnet to be given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public IPAddress? SubnetMin { get; set; }

    /// <summary>Address of the last subnet to be given, inclusive.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public IPAddress? SubnetMax { get; set; }

    /// <summary>IPv4, which is on by default.</summary>
    [Parameter]
    public SwitchParameter EnableIPv4 { get; set; }

    /// <summary>IPv6 beside IPv4.</summary>
    [Parameter]
    public SwitchParameter EnableIPv6 { get; set; }

    /// <summary>The overlay's IPv6 network, such as fd00:5::/48.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? IPv6Network { get; set; }

    /// <summary>Prefix length of one node's IPv6 subnet, bits.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("IPv6SubnetLen")]
    public int IPv6SubnetLength { get; set; }

    /// <summary>Address of the first IPv6 subnet to be given.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public IPAddress? IPv6SubnetMin { get; set; }

    /// <summary>Address of the last IPv6 subnet to be given, inclusive.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public IPAddress? IPv6SubnetMax { get; set; }

    /// <summary>nftables in place of iptables.</summary>
    [Parameter]
    public SwitchParameter EnableNFTables { get; set; }

    /// <summary>The backend, from New-FlannelBackend or by its name.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(BackendTypeCompleter))]
    [ValidateNotNull]
    public FlannelBackend? Backend { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            WriteObject(NetworkConfigParameters.Build(MyInvocation.BoundParameters));
        }
        catch (NetworkConfigException e)
        {
            WriteError(FlannelError.NetworkConfigInvalid.Record($"The network configuration is not usable: {e.Message}.", Network, e));
        }
    }
}
