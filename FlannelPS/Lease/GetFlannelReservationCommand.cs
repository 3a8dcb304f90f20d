using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Lists the reservations of a network: the leases that have no time to live.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelReservation", DefaultParameterSetName = "Lease")]
[OutputType(typeof(FlannelLease))]
public sealed class GetFlannelReservationCommand : LeaseListCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => List(lease => lease.IsReservation, WriteObject, FlannelError.ReservationNotFound);
}
