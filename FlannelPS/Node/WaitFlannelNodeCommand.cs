using System.Diagnostics;
using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>The state that Wait-FlannelNode waits for.</summary>
public enum FlannelNodeWaitState
{
    /// <summary>The node does all it should.</summary>
    Ready,

    /// <summary>The node does not run.</summary>
    Stopped,

    /// <summary>The node runs, and an operator has to act: Conflict, NoSubnet, Degraded and the like.</summary>
    Failed,
}

/// <summary>Waits until a node is in a state.</summary>
[Cmdlet(VerbsLifecycle.Wait, "FlannelNode")]
[OutputType(typeof(FlannelNode))]
public sealed class WaitFlannelNodeCommand : NodeCommand
{
    private static readonly string[] Failures = ["Conflict", "NoSubnet", "Lost", "Degraded", "TooManyPeers", "ConfigMismatch"];

    /// <summary>Which; it need not be there yet.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["flannel"];

    /// <summary>What to wait for.</summary>
    [Parameter(Position = 1)]
    public FlannelNodeWaitState State { get; set; }

    /// <summary>Seconds to wait at most.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 86_400)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Name)
            WaitFor(name);
    }

    private void WaitFor(string name)
    {
        var clock = Stopwatch.StartNew();
        var activity = $"Waiting for the node '{name}' to be {State}";
        while (true)
        {
            var node = Look(name);
            if (Is(node))
            {
                if (clock.ElapsedMilliseconds > 300)
                    WriteProgress(new(0, activity, node.State) { RecordType = ProgressRecordType.Completed });
                WriteObject(node);
                return;
            }
            var reason = node.Reasons.Count > 0 ? string.Join("; ", node.Reasons) : $"it is {node.State}";
            if (clock.Elapsed.TotalSeconds > TimeoutSeconds)
            {
                WriteProgress(new(0, activity, node.State) { RecordType = ProgressRecordType.Completed });
                WriteError(FlannelError.WaitTimeout.Record($"The node '{name}' is not {State} after {TimeoutSeconds} s: {reason}", name));
                return;
            }
            if (clock.ElapsedMilliseconds > 300)
                WriteProgress(NodePhases.Progress(activity, node.Phase, reason));
            if (StopToken.WaitHandle.WaitOne(clock.ElapsedMilliseconds < 1000 ? 10 : 100))
                throw new PipelineStoppedException();
        }
    }

    private bool Is(FlannelNode node)
        => State switch
        {
            FlannelNodeWaitState.Ready => node.IsReady,
            FlannelNodeWaitState.Stopped => node.State == "Stopped",
            _ => Array.IndexOf(Failures, node.State) >= 0,
        };
}
