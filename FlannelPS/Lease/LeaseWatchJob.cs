using System.Management.Automation;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>A watch that runs beside the session's pipeline, on a connection of its own.</summary>
internal sealed class LeaseWatchJob : Job
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StoreTarget _target;
    private readonly LeaseWatchRequest _request;
    private Task _watching = Task.CompletedTask;

    public LeaseWatchJob(string command, StoreTarget target, LeaseWatchRequest request)
        : base(command)
    {
        (_target, _request) = (target, request);
        PSJobTypeName = "FlannelLeaseWatch";
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    /// <inheritdoc/>
    public override string Location => _target.Options.ToString();

    /// <inheritdoc/>
    public override string StatusMessage => "";

    /// <summary>What a user is told while the store cannot be followed.</summary>
    public static string Interrupted(LeaseChange change) => $"The leases cannot be followed at present, and are tried on: {change.Problem}";

    /// <summary>Starts it.</summary>
    public void Begin()
    {
        SetJobState(JobState.Running);
        _watching = Task.Run(() => LeaseWatch.RunAsync(_target.Options, _target.Prefix, _request, Tell, _stop.Token))
            .ContinueWith(End, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public override void StopJob()
    {
        _stop.Cancel();
        _watching.Wait(TimeSpan.FromSeconds(5));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
            _stop.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Tell(LeaseChange change)
    {
        if (change.IsOfLeases)
            Output.Add(PSObject.AsPSObject(new FlannelLeaseEvent(change)));
        else if (change.Kind == LeaseChangeKind.Broken)
            Warning.Add(new WarningRecord(Interrupted(change)));
    }

    private void End(Task watch)
    {
        if (_stop.IsCancellationRequested)
            SetJobState(JobState.Stopped);
        else if (watch.Exception?.GetBaseException() is { } reason)
        {
            Error.Add(reason is StoreException failure ? StoreCommand.Record(failure, _target) : FlannelError.StoreOptionInvalid.Record(reason.Message, Location, reason));
            SetJobState(JobState.Failed);
        }
        else
            SetJobState(JobState.Completed);
    }
}
