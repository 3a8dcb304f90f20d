using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Lists the leases of a network.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelLease", DefaultParameterSetName = "Lease")]
[OutputType(typeof(FlannelLease), ParameterSetName = ["Lease"])]
[OutputType(typeof(FlannelInvalidLease), ParameterSetName = ["Invalid"])]
public sealed class GetFlannelLeaseCommand : LeaseListCommand
{
    /// <summary>Only leases that end within this time; a number is seconds.</summary>
    [Parameter(ParameterSetName = "Lease")]
    [Seconds]
    public TimeSpan? ExpiresWithin { get; set; }

    /// <summary>Only reservations.</summary>
    [Parameter(ParameterSetName = "Lease")]
    public SwitchParameter Reservation { get; set; }

    /// <summary>The keys that are no leases, and why.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Invalid")]
    public SwitchParameter Invalid { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Invalid)
        {
            AskEach((store, token) => LeaseListing.ReadAsync(store, NetworkPrefix, _ => false, TimeProvider.System, token), WriteInvalid);
            return;
        }
        List(
            lease => !Reservation || lease.IsReservation,
            shown =>
            {
                if (ExpiresWithin is not { } limit || shown.TimeToLive <= limit)
                    WriteObject(shown);
            },
            FlannelError.LeaseNotFound);
    }

    private void WriteInvalid(IReadOnlyList<ListedLease> batch)
    {
        foreach (var listed in batch)
            if (listed.Invalid is { } bad)
                WriteObject(new FlannelInvalidLease(bad));
    }
}
