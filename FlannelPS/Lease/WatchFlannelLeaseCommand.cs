using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Writes what happens to the leases of a network, as it happens.</summary>
[Cmdlet(VerbsCommon.Watch, "FlannelLease", DefaultParameterSetName = "Now")]
[OutputType(typeof(FlannelLeaseEvent), typeof(Job))]
public sealed class WatchFlannelLeaseCommand : StoreCommand
{
    /// <summary>Begin with what stands already, as added.</summary>
    [Parameter(ParameterSetName = "Now")]
    public SwitchParameter IncludeExisting { get; set; }

    /// <summary>Begin with the change after this revision, such as the last event's of an earlier watch.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Since")]
    [ValidateRange(0, long.MaxValue)]
    public long SinceRevision { get; set; }

    /// <summary>End after so many events.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long Count { get; set; } = long.MaxValue;

    /// <summary>Watch in a job; its output is the events.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <summary>How many seconds to watch; without it until the count is reached, or for ever.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 2_000_000)]
    public override int TimeoutSeconds { get; set; }

    private protected override int CallSeconds => TimeoutSeconds is > 0 and < 5 ? TimeoutSeconds : 5;

    private LeaseWatchRequest Request => new(
        IncludeExisting, ParameterSetName == "Since" ? SinceRevision : null, Count, TimeoutSeconds > 0 ? TimeSpan.FromSeconds(TimeoutSeconds) : Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (AsJob)
        {
            var job = new LeaseWatchJob(MyInvocation.Line.Trim(), Target, Request);
            JobRepository.Add(job);
            job.Begin();
            WriteObject(job);
            return;
        }
        AskEach((store, token) => LeaseWatch.ReadAsync(store, NetworkPrefix, Request, TimeProvider.System, token), Write);
    }

    private void Write(LeaseChange change)
    {
        if (change.IsOfLeases)
            WriteObject(new FlannelLeaseEvent(change));
        else if (change.Kind == LeaseChangeKind.Broken)
            WriteWarning(LeaseWatchJob.Interrupted(change));
        else
            WriteVerbose("The store is followed again.");
    }
}
