using System.Management.Automation;
using System.Net;
using FlannelPS.Checks;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Tells whether a node could start on this host, and what stands in its way.</summary>
[Cmdlet(VerbsDiagnostic.Test, "FlannelHost")]
[OutputType(typeof(bool), typeof(FlannelCheckResult))]
public sealed class TestFlannelHostCommand : CheckCommand
{
    /// <summary>The node that is meant.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "flannel";

    /// <summary>Interfaces, by name or address; the first that fits is taken.</summary>
    [Parameter]
    [Alias("iface")]
    [ArgumentCompleter(typeof(InterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Interface { get; set; } = [];

    /// <summary>The same by regular expressions over addresses, then names.</summary>
    [Parameter]
    [Alias("iface-regex")]
    [ValidateNotNullOrEmpty]
    public string[] InterfaceRegex { get; set; } = [];

    /// <summary>The interface by which the kernel reaches this address.</summary>
    [Parameter]
    [Alias("InterfaceCanReach", "iface-can-reach")]
    [ValidateNotNull]
    public IPAddress? CanReach { get; set; }

    /// <summary>IPv4 address that would be told to other hosts.</summary>
    [Parameter]
    [Alias("public-ip")]
    [ValidateNotNull]
    public IPAddress? PublicIP { get; set; }

    /// <summary>IPv6 address that would be told to other hosts.</summary>
    [Parameter]
    [Alias("public-ipv6")]
    [ValidateNotNull]
    public IPAddress? PublicIPv6 { get; set; }

    /// <summary>Where the subnet would be written.</summary>
    [Parameter]
    [Alias("subnet-file")]
    [ValidateNotNullOrEmpty]
    public string SubnetFile { get; set; } = CheckFactsReader.SubnetFile;

    /// <summary>One object a check in place of true or false.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        RequireInterfaces(Interface, InterfaceRegex);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var file = FullPath(SubnetFile);
        var facts = CheckFactsReader.OfHost(
            StoreFactsOf(Target, Connection, file), new InterfaceOptions(Interface, InterfaceRegex, CanReach, PublicIP, PublicIPv6), Name, file, Detailed ? Watched : TimeSpan.Zero);
        var isGood = true;
        RunChecks(CheckList.Of(FlannelCheckScope.Host), facts, "", result => isGood &= Tell(result, Detailed));
        if (!Detailed)
            WriteObject(isGood);
    }
}
