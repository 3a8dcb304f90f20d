using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>What Remove-FlannelLease and Remove-FlannelReservation share: which keys are meant, and that none is touched which is not what was looked at.</summary>
public abstract class LeaseChangeCommand : StoreCommand
{
    private LeaseEditor? _editor;

    /// <summary>The subnet, or a pattern.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LeaseSubnetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Subnet { get; set; } = [];

    /// <summary>Only if its revision still is this one; from the pipeline it is the one that was listed.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, long.MaxValue)]
    public long? Revision { get; set; }

    /// <summary>Its key in the store, where more than one lease has the subnet; comes with the pipeline.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Key { get; set; }

    /// <summary>Do not ask, and do not mind that it has changed since it was listed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Write what was changed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Changes leases.</summary>
    private protected LeaseEditor Editor => _editor ??= new(Connection, NetworkPrefix);

    /// <summary>What to say when an exact subnet is not there.</summary>
    private protected abstract FlannelError Missing { get; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var text in Subnet)
        {
            if (LeaseFilter.Parse(text, out var problem) is not { } filter)
            {
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
                continue;
            }
            var found = Ask((_, token) => Editor.FindAsync(filter.Network, token))
                .Where(lease => filter.IsExactly(lease.Subnet) && (Key is null || lease.Key == Key)).ToList();
            if (found.Count == 0 && filter.IsExact)
                WriteError(Missing.Record($"There is nothing at {text} under {NetworkPrefix}.", text));
            var meant = Revision is { } revision && !Force ? found.Where(lease => lease.ModRevision == revision).ToList() : found;
            if (meant.Count == 0 && found.Count > 0)
                WriteError(FlannelError.LeaseChanged.Record($"{found[0].Subnet} was changed at revision {found[0].ModRevision}, and {Revision} was looked at. It is left as it is.", text));
            foreach (var lease in meant)
                Change(lease, filter.IsExact);
        }
    }

    /// <summary>Changes one.</summary>
    /// <param name="lease">As it was just read.</param>
    /// <param name="isExact">Whether this one in particular is meant, rather than all that a pattern fits.</param>
    private protected abstract void Change(Lease lease, bool isExact);

    /// <summary>Asks whether to go on. -Force is a yes, unless -WhatIf or -Confirm want to hear of it.</summary>
    private protected bool Confirmed(Lease lease, string action)
    {
        var target = $"{lease.Subnet} of {lease.Attributes.PublicIp} under {NetworkPrefix}";
        var isWhatIf = MyInvocation.BoundParameters.TryGetValue("WhatIf", out var given) ? LanguagePrimitives.IsTrue(given) : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));
        return Force && !isWhatIf && !MyInvocation.BoundParameters.ContainsKey("Confirm") || ShouldProcess(target, action);
    }

    /// <summary>Says so where the lease's owner runs, since it writes its key again.</summary>
    private protected void WarnOfLiveOwner(Lease lease)
    {
        if (Ask((_, token) => Editor.LiveHostAsync(lease, token)) is { } host)
            WriteWarning($"The host '{host}' ({lease.Attributes.PublicIp}) runs and holds {lease.Subnet}: it writes its lease again within seconds. Stop its node first.");
    }

    /// <summary>Says that somebody was faster.</summary>
    private protected void WriteChanged(Lease lease)
        => WriteError(FlannelError.LeaseChanged.Record($"{lease.Subnet} was changed by somebody else at this moment. It is left as it is.", lease.Subnet.ToString()));
}
