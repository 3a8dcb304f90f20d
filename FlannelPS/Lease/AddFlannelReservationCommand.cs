using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Pins a subnet to a host: a lease that never ends.</summary>
[Cmdlet(VerbsCommon.Add, "FlannelReservation", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelLease))]
public sealed class AddFlannelReservationCommand : StoreCommand
{
    private const int Attempts = 8;
    private ReservationMaker? _maker;

    /// <summary>The subnet.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LeaseSubnetCompleter))]
    [ValidateNotNullOrEmpty]
    public string Subnet { get; set; } = "";

    /// <summary>The host's IPv4 address on the underlay. Not needed where it has the subnet already.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? PublicIP { get; set; }

    /// <summary>The IPv6 subnet beside it, in a dual-stack network.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public string? IPv6Subnet { get; set; }

    /// <summary>Write the reservation.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private ReservationMaker Maker => _maker ??= new(Connection, NetworkPrefix);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!TryReadAddress(out var host) || Network(Subnet, AddressFamily.InterNetwork) is not { } v4)
            return;
        IPNetwork? v6 = null;
        if (!string.IsNullOrEmpty(IPv6Subnet) && (v6 = Network(IPv6Subnet, AddressFamily.InterNetworkV6)) is null)
            return;

        var asked = false;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // Looked at again after each lost race, so that the error tells what stands there now.
            var plan = Ask((_, token) => Maker.PlanAsync(v4, v6, host, token));
            if (plan.Reason.Length > 0)
            {
                WriteError(ErrorOf(plan.Outcome).Record(UpperFirst(plan.Reason) + ".", Subnet));
                return;
            }
            if (plan.Outcome == ReservationOutcome.Stands)
                WriteVerbose($"{plan.Lease!.Subnet} is reserved for {plan.Lease.Attributes.PublicIp} already.");
            else if (!asked)
            {
                if (plan.OtherOfHost is { } other)
                    WriteWarning($"The host {other.Attributes.PublicIp} has {other.Subnet} too, and goes on using it while that stands. Remove it, and restart the host's node.");
                if (!ShouldProcess($"{plan.Lease?.Subnet.ToString() ?? Subnet} under {NetworkPrefix}", $"Reserve for {host ?? plan.Lease!.Attributes.PublicIp}"))
                    return;
                asked = true;
            }
            if (Ask((_, token) => Maker.ApplyAsync(plan, host, token)) is not { } reserved)
                continue;
            if (PassThru)
                WriteObject(new FlannelLease(reserved, null, default));
            return;
        }
        WriteError(FlannelError.LeaseChanged.Record($"Others take leases all the time, and {Subnet} could not be reserved in between.", Subnet));
    }

    private bool TryReadAddress(out IPAddress? address)
    {
        address = null;
        if (PublicIP is null)
            return true;
        if (AddressText.TryParseIPv4(PublicIP, out var read) && !read.Equals(IPAddress.Any) && !IPAddress.IsLoopback(read) && read.GetAddressBytes()[0] < 224)
        {
            address = read;
            return true;
        }
        WriteError(FlannelError.AddressInvalid.Record($"'{PublicIP}' is not the IPv4 address of a host (such as 192.0.2.11).", PublicIP));
        return false;
    }

    private IPNetwork? Network(string text, AddressFamily family)
    {
        var filter = LeaseFilter.Parse(text, out var problem);
        if (filter?.Network is { } network && network.BaseAddress.AddressFamily == family)
            return network;
        var kind = family == AddressFamily.InterNetwork ? "IPv4 subnet (such as 10.5.52.0/24)" : "IPv6 subnet (such as fd00:5:52::/64)";
        WriteError(FlannelError.SubnetInvalid.Record(filter is null && problem.Contains("host bits", StringComparison.Ordinal) ? problem : $"'{text}' is no {kind}", text));
        return null;
    }

    private static FlannelError ErrorOf(ReservationOutcome outcome)
        => outcome switch
        {
            ReservationOutcome.Taken => FlannelError.LeaseConflict,
            ReservationOutcome.NotInNetwork => FlannelError.SubnetInvalid,
            ReservationOutcome.NoConfig => FlannelError.NetworkConfigNotFound,
            ReservationOutcome.BadConfig => FlannelError.NetworkConfigInvalid,
            _ => FlannelError.LeaseNotFound,
        };

    private static string UpperFirst(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
