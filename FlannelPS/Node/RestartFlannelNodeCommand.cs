using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Stops nodes and starts them again with what they were started with. Traffic goes on meanwhile.</summary>
[Cmdlet(VerbsLifecycle.Restart, "FlannelNode", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelNode))]
public sealed class RestartFlannelNodeCommand : NodeLifeCommand
{
    /// <summary>Ends a process that does not end in time by SIGKILL.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes the node when it is ready again.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Chosen())
        {
            if (ShouldProcess(name, "Restart node"))
                Restart(Look(name));
        }
    }

    private void Restart(FlannelNode node)
    {
        if (node.Id == 0)
        {
            WriteError(FlannelError.NodeNotRunning.Record($"The node '{node.Name}' does not run ({node.State}), so it is not known what to start it with.", node.Name));
            return;
        }
        if (node.HostType == "Session")
        {
            WriteError(FlannelError.NodeInSession.Record($"The node '{node.Name}' lives in the PowerShell process {node.Id}.", node.Name));
            return;
        }
        try
        {
            var process = node.HostType == "Service" && UnitOf(node.Id) is { } unit ? RestartUnit(unit, node.Id) : StartAgain(node);
            if (process is not null && new ReadyWait(this, node.Name, TimeoutSeconds).Run(process, StopToken) is { } ready && PassThru)
                WriteObject(ready);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ServiceException)
        {
            WriteError(FlannelError.NodeStartFailed.Record($"The node '{node.Name}' could not be started again: {e.Message}", node.Name, e));
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();    // it goes on starting: a node that was there is to be there
        }
    }

    private NodeProcess? StartAgain(FlannelNode node)
    {
        var settings = NodeSettings.OfProcess(node.Name, node.Id);
        if (!Stop(node, Force))
            return null;
        return NodeProcess.Start(settings, NativeDaemon.Find(out _) is null ? null : Await(NativeDaemon.ExecutableAsync));
    }

    private NodeProcess RestartUnit(string unit, int predecessor)
    {
        Await(token => Systemctl.RunAsync(token, "restart", "--no-block", "--", unit));
        return NodeProcess.OfUnit(unit, predecessor);
    }

    /// <summary>The unit a process belongs to, cgroups(7).</summary>
    private static string? UnitOf(int process)
        => File.ReadLines($"/proc/{process}/cgroup").Select(line => line[(line.LastIndexOf('/') + 1)..]).FirstOrDefault(name => name.EndsWith(".service", StringComparison.Ordinal));
}
