using System.Management.Automation;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>A node in the background of a session: Get-, Receive-, Wait- and Stop-Job work on it.</summary>
public sealed class NodeJob : Job
{
    private readonly NodeSession _session;
    private readonly string _node;
    private Task _drained = Task.CompletedTask;
    private int _told;

    internal NodeJob(NodeSettings settings, string command)
        : base(command, $"FlannelNode-{settings.Name}")
    {
        (_session, _node) = (new NodeSession(settings), settings.Name);
        PSJobTypeName = "FlannelNode";
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count + Error.Count + Warning.Count + Verbose.Count > 0;

    /// <inheritdoc/>
    public override string Location => Environment.MachineName;

    /// <inheritdoc/>
    public override string StatusMessage => _session.Status?.Summary ?? "";

    /// <inheritdoc/>
    public override void StopJob()
    {
        _session.Stop();
        ((IAsyncResult)_drained).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(5));    // the state is final when this returns
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _session.Dispose();
        base.Dispose(disposing);
    }

    internal void Start()
    {
        SetJobState(JobState.Running);
        _session.Start(status =>
        {
            if (status.NotReady.Count == 0 && Interlocked.Exchange(ref _told, 1) == 0)
                _ = Task.Run(TellAsync);
        });
        _drained = Task.Run(DrainAsync);
    }

    private async Task TellAsync()
    {
        try
        {
            var status = await LocalNodes.AskAsync(_node, ControlVerbs.Status, null, TimeSpan.FromSeconds(5), CancellationToken.None).ConfigureAwait(false);
            Output.Add(PSObject.AsPSObject(new FlannelNode(status)));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            // It ended meanwhile: the job's state tells.
        }
    }

    private async Task DrainAsync()
    {
        while (!_session.Completion.IsCompleted)
        {
            foreach (var (level, text) in _session.TakeLines(TimeSpan.Zero))
            {
                if (level is "Warning" or "Error" or "Critical")
                    Warning.Add(new WarningRecord(text));
                else
                    Verbose.Add(new VerboseRecord(text));
            }
            await Task.WhenAny(_session.Completion, Task.Delay(100)).ConfigureAwait(false);
        }
        if (_session.Completion.Exception?.InnerException is { } failure)
        {
            Error.Add(FlannelError.NodeStartFailed.Record($"The node '{_node}' ended: {failure.Message}", _node, failure));
            SetJobState(JobState.Failed);
        }
        else
            SetJobState(JobState.Stopped);
    }
}
