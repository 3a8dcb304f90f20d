using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Removes leases, so that others may take their subnets.</summary>
[Cmdlet(VerbsCommon.Remove, "FlannelLease", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(FlannelLease))]
public sealed class RemoveFlannelLeaseCommand : LeaseChangeCommand
{
    private protected override FlannelError Missing => FlannelError.LeaseNotFound;

    private protected override void Change(Lease lease, bool isExact)
    {
        if (lease.IsReservation)
        {
            // A pattern means the leases among what it fits.
            if (isExact)
                WriteError(FlannelError.LeaseReserved.Record($"{lease.Subnet} is reserved for {lease.Attributes.PublicIp}. Remove-FlannelReservation removes reservations.", lease.Subnet.ToString()));
            return;
        }
        WarnOfLiveOwner(lease);
        if (!Confirmed(lease, "Remove lease"))
            return;
        if (!Ask((_, token) => Editor.DeleteAsync(lease, token)))
            WriteChanged(lease);
        else if (PassThru)
            WriteObject(new FlannelLease(lease, null, default));
    }
}
