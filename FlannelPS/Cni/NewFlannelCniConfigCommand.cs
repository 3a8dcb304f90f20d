using System.Collections;
using System.Collections.Specialized;
using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Makes a configuration for the flannel CNI plugin.</summary>
[Cmdlet(VerbsCommon.New, "FlannelCniConfig")]
[OutputType(typeof(FlannelCniConfig))]
public sealed class NewFlannelCniConfigCommand : FlannelCommand
{
    /// <summary>The network's name for the container runtime.</summary>
    [Parameter(Position = 0)]
    [ValidatePattern("^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    public string Name { get; set; } = "cbr0";

    /// <summary>Version of the CNI specification that the runtime and the plugins know.</summary>
    [Parameter]
    [ValidateSet("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")]
    public string CniVersion { get; set; } = "0.3.1";

    /// <summary>The node's subnet file, where it is not /run/flannel/subnet.env.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? SubnetFile { get; set; }

    /// <summary>Where the plugin keeps its state, where it is not /var/lib/cni/flannel.</summary>
    [Parameter]
    [Alias("DataDir")]
    [ValidateNotNullOrEmpty]
    public string? DataDirectory { get; set; }

    /// <summary>Options for the plugin that flannel's hands the work to (bridge, where none is named).</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary Delegate { get; set; } = new OrderedDictionary { ["hairpinMode"] = true, ["isDefaultGateway"] = true };

    /// <summary>Options for the address plugin (host-local, where none is named).</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Ipam { get; set; }

    /// <summary>Map ports of the host with the portmap plugin.</summary>
    [Parameter]
    public SwitchParameter PortMap { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // The plugin sets these itself and refuses a configuration that brings them.
        foreach (var reserved in new[] { "name", "ipam" })
            if (Delegate.Contains(reserved))
                Fail(FlannelError.CniConfigInvalid, $"-Delegate has '{reserved}', which the flannel plugin sets itself{(reserved == "ipam" ? ": give it by -Ipam" : "")}.", Delegate);
        foreach (var (parameter, options) in new (string, IDictionary?)[] { (nameof(Delegate), Delegate), (nameof(Ipam), Ipam) })
            if (options?["type"] is { } type && (type is PSObject wrapped ? wrapped.BaseObject : type) is not string { Length: > 0 })
                Fail(FlannelError.CniConfigInvalid, $"-{parameter} has a 'type' that is no text: it is the name of a plugin.", options);
        foreach (var path in new[] { SubnetFile, DataDirectory })
            if (path is not (null or ['/', ..]))
                Fail(FlannelError.CniConfigInvalid, $"'{path}' is no full path; the plugin is started in folders of the runtime's choice.", path);

        var config = new FlannelCniConfig(Name, CniVersion, SubnetFile, DataDirectory, Delegate.Count == 0 ? null : Delegate, Ipam, PortMap);
        try
        {
            _ = config.ToConfList();
        }
        catch (FormatException e)
        {
            Fail(FlannelError.CniConfigInvalid, e.Message, config, e);
        }
        WriteObject(config);
    }
}
