using System.Management.Automation;
using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Tells which interface a node of this host would use for the traffic to other hosts, and of each why or why not.</summary>
[Cmdlet(VerbsCommon.Find, "FlannelInterface")]
[OutputType(typeof(FlannelInterfaceMatch))]
public sealed class FindFlannelInterfaceCommand : FlannelCommand
{
    /// <summary>Interfaces, by name or address; the first that fits is taken.</summary>
    [Parameter(Position = 0)]
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

    /// <summary>IPv4 address that would be told to other hosts; where an interface has it, that one is taken.</summary>
    [Parameter]
    [Alias("public-ip")]
    [ValidateNotNull]
    public IPAddress? PublicIP { get; set; }

    /// <summary>IPv6 address that would be told to other hosts.</summary>
    [Parameter]
    [Alias("public-ipv6")]
    [ValidateNotNull]
    public IPAddress? PublicIPv6 { get; set; }

    /// <summary>For a network of both families: the interface needs an address of each.</summary>
    [Parameter]
    public SwitchParameter DualStack { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        NodeCommand.RequireLinux(this);
        RequireInterfaces(Interface, InterfaceRegex);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        InterfaceSurvey survey;
        try
        {
            survey = NodeFactsReader.Survey(new InterfaceOptions(Interface, InterfaceRegex, CanReach, PublicIP, PublicIPv6), DualStack);
        }
        catch (NetlinkException e)
        {
            Fail(FlannelError.KernelRefused, $"The kernel does not tell its interfaces: {e.Message}.", null, e);
            return;
        }
        foreach (var verdict in survey.Verdicts)
            WriteObject(new FlannelInterfaceMatch(verdict));
        var selection = survey.Selection;
        if (selection.Interface is null)
        {
            WriteError(FlannelError.InterfaceNotFound.Record(
                $"No interface is fit for the traffic to other hosts: {string.Join("; ", selection.Rejected)}.", Interface is [var first, ..] ? first : null));
            return;
        }
        foreach (var warning in selection.Rejected.Concat(selection.Warnings))
            WriteWarning(warning);
    }
}
