using System.Management.Automation;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Removes reservations, or makes them ordinary leases again.</summary>
[Cmdlet(VerbsCommon.Remove, "FlannelReservation", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(FlannelLease))]
public sealed class RemoveFlannelReservationCommand : LeaseChangeCommand
{
    /// <summary>Keep the host's lease, and give it a time to live of 24 hours again.</summary>
    [Parameter]
    public SwitchParameter ConvertToLease { get; set; }

    private protected override FlannelError Missing => FlannelError.ReservationNotFound;

    private protected override void Change(Lease lease, bool isExact)
    {
        if (!lease.IsReservation)
        {
            if (isExact)
                WriteError(FlannelError.ReservationNotFound.Record($"{lease.Subnet} of {lease.Attributes.PublicIp} is a lease with a time to live, and no reservation.", lease.Subnet.ToString()));
            return;
        }
        if (ConvertToLease)
            Convert(lease);
        else
            Remove(lease);
    }

    private void Remove(Lease lease)
    {
        WarnOfLiveOwner(lease);
        if (!Confirmed(lease, "Remove reservation"))
            return;
        if (!Ask((_, token) => Editor.DeleteAsync(lease, token)))
            WriteChanged(lease);
        else if (PassThru)
            WriteObject(new FlannelLease(lease, null, default));
    }

    private void Convert(Lease lease)
    {
        if (!Confirmed(lease, "Convert reservation to a lease of 24 h"))
            return;
        if (Ask((_, token) => Editor.UnpinAsync(lease, token)) is not { } converted)
            WriteChanged(lease);
        else if (PassThru)
            WriteObject(new FlannelLease(converted, new EtcdLease(converted.EtcdLeaseId, LeaseEditor.LeaseSeconds, LeaseEditor.LeaseSeconds), DateTimeOffset.Now));
    }
}
