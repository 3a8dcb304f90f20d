using System.Diagnostics;
using System.Management.Automation;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Commands;

/// <summary>Starts a node: it leases a subnet, makes the tunnel device and keeps the routes to all other hosts.</summary>
[Cmdlet(VerbsLifecycle.Start, "FlannelNode", DefaultParameterSetName = "Detached", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelNode), typeof(Job))]
public sealed class StartFlannelNodeCommand : NodeOptionCommand
{
    /// <summary>Waits for the node to be ready by default longer than a call to the store may take.</summary>
    public StartFlannelNodeCommand() => TimeoutSeconds = 60;

    /// <summary>The instance's name; by default it follows from the subnet file.</summary>
    [Parameter(Position = 0)]
    [ValidatePattern("^[a-z0-9-]{1,32}$")]
    public string? Name { get; set; }

    /// <summary>Keeps the node in this session: the cmdlet returns when the node ends, and Ctrl+C ends it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Wait")]
    public SwitchParameter Wait { get; set; }

    /// <summary>Runs the node in this session in the background, as a job.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "AsJob")]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        NodeCommand.RequireLinux(this);
        var settings = Settings();
        if (settings.Problem() is { } problem)
            Fail(FlannelError.NodeOptionInvalid, problem, settings.Name);
        if (Running(settings.Name) is { } running)
        {
            WriteWarning($"The node '{running.Name}' runs already (process {running.Id}, {running.State}).");
            WriteObject(running);
            return;
        }
        if (!ShouldProcess(settings.Name, "Start node"))
            return;
        if (!Privileges.CanChangeNetwork())
            Fail(FlannelError.PrivilegeRequired, $"Starting the node '{settings.Name}' makes devices and routes, which this user may not.", settings.Name);

        if (AsJob)
        {
            var job = new NodeJob(settings, MyInvocation.Line);
            JobRepository.Add(job);
            job.Start();
            WriteObject(job);
        }
        else if (Wait)
            RunHere(settings);
        else
            StartDetached(settings);
    }

    private NodeSettings Settings()
    {
        var variables = NodeVariables();
        // Settings of the process's own environment hold where nothing else is said, as with flanneld.
        foreach (System.Collections.DictionaryEntry item in Environment.GetEnvironmentVariables())
        {
            var name = (string)item.Key;
            if (name.StartsWith("FLANNELD_", StringComparison.Ordinal) && !name.StartsWith("FLANNELD_ETCD_", StringComparison.Ordinal))
                variables.TryAdd(name, (string?)item.Value ?? "");
        }
        return new(Name ?? NodeSettings.NameOf(variables), [.. RepeatableFlags()], variables);
    }

    private FlannelNode? Running(string name)
    {
        try
        {
            return new FlannelNode(Await(token => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(5), token)));
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.NotRunning)
        {
            return null;
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.Denied)
        {
            Fail(FlannelError.PrivilegeRequired, e.Message, name, e);
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.Silent)
        {
            Fail(FlannelError.NodeNotResponding, e.Message, name, e);
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            Fail(FlannelError.NodeAnswerInvalid, e.Message, name, e);
        }
        return null;
    }

    private void StartDetached(NodeSettings settings)
    {
        NodeProcess process;
        try
        {
            string? daemon = null;
            if (NativeDaemon.Find(out var problem) is null)
                WriteWarning($"The node runs inside a PowerShell process: {problem}.");
            else
                daemon = Await(NativeDaemon.ExecutableAsync);
            process = NodeProcess.Start(settings, daemon);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ServiceException)
        {
            Fail(FlannelError.NodeStartFailed, $"The node '{settings.Name}' could not be started: {e.Message}", settings.Name, e);
            return;
        }
        try
        {
            if (new ReadyWait(this, settings.Name, TimeoutSeconds).Run(process, StopToken) is { } node)
                WriteObject(node);
        }
        catch (OperationCanceledException)
        {
            process.Abandon();    // nothing half started stays behind a Ctrl+C
            throw new PipelineStoppedException();
        }
    }

    private void RunHere(NodeSettings settings)
    {
        using var session = new NodeSession(settings);
        session.Start();
        var activity = $"Starting the node '{settings.Name}'";
        var isReady = false;
        while (!session.Completion.IsCompleted)
        {
            if (StopToken.IsCancellationRequested)
                session.Stop();
            foreach (var (level, text) in session.TakeLines(TimeSpan.FromMilliseconds(100)))
            {
                if (level is "Warning" or "Error" or "Critical")
                    WriteWarning(text);
                else
                    WriteVerbose(text);
            }
            if (isReady || session.Status is not { } status)
                continue;
            isReady = status.NotReady.Count == 0;
            WriteProgress(isReady ? new(0, activity, "Ready") { RecordType = ProgressRecordType.Completed } : NodePhases.Progress(activity, status.Phase.ToString(), status.Waiting));
            if (isReady && Running(settings.Name) is { } node)
                WriteObject(node);
        }
        if (session.Completion.Exception?.InnerException is { } failure)
            Fail(FlannelError.NodeStartFailed, $"The node '{settings.Name}' ended: {failure.Message}", settings.Name, failure);
    }
}
