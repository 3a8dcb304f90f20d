using System.Collections.Concurrent;
using System.Diagnostics;
using System.Management.Automation;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <summary>What Stop- and Restart-FlannelNode share: which nodes, and how one is brought to its end.</summary>
public abstract class NodeLifeCommand : NodeCommand
{
    private readonly ConcurrentQueue<string> _verbose = new();

    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Nodes, as Get-FlannelNode gives them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelNode[] InputObject { get; set; } = [];

    /// <summary>Seconds to wait.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 3600)]
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>The nodes that are meant.</summary>
    private protected IEnumerable<string> Chosen()
        => ParameterSetName == "InputObject" ? InputObject.Select(node => node.Name) : Resolve(Name).ToList();

    /// <summary>Stops a node and waits for its end. One that does not run is no error.</summary>
    /// <returns>False after an error.</returns>
    private protected bool Stop(FlannelNode node, bool force)
    {
        if (node.State == "Stopped")
        {
            WriteVerbose($"The node '{node.Name}' does not run.");
            return true;
        }
        try
        {
            Await(token => LocalNodes.AskAsync(node.Name, ControlVerbs.Stop, null, TimeSpan.FromSeconds(Math.Min(5, TimeoutSeconds)), token));
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.NotRunning || (force && e.Reason == NodeSilence.Silent))
        {
            // It ends, or has to be ended below.
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            WriteError(Record(e, node.Name));
            return false;
        }
        return WaitForEnd(node.Name, force);
    }

    /// <summary>Keeps a line for the pipeline's thread, which alone may write it.</summary>
    private protected void WriteVerboseLater(string line) => _verbose.Enqueue(line);

    /// <summary>Writes the lines that were kept.</summary>
    private protected void FlushVerbose()
    {
        while (_verbose.TryDequeue(out var line))
            WriteVerbose(line);
    }

    private bool WaitForEnd(string name, bool force)
    {
        var clock = Stopwatch.StartNew();
        var activity = $"Stopping the node '{name}'";
        while (IsHeld(name, out var owner))
        {
            if (StopToken.IsCancellationRequested)
                throw new PipelineStoppedException();
            if (clock.Elapsed.TotalSeconds > TimeoutSeconds)
            {
                if (!force || owner == 0 || !DetachedProcess.Signal(owner, LibC.SIGKILL))
                {
                    WriteError(FlannelError.NodeStopTimeout.Record($"The node '{name}' (process {owner}) has not ended after {TimeoutSeconds} s.", name));
                    return false;
                }
                force = false;
                clock.Restart();
            }
            if (clock.ElapsedMilliseconds > 300)
                WriteProgress(new(0, activity, "Waiting for the process to end"));
            StopToken.WaitHandle.WaitOne(clock.ElapsedMilliseconds < 500 ? 5 : 50);
        }
        if (clock.ElapsedMilliseconds > 300)
            WriteProgress(new(0, activity, "Stopped") { RecordType = ProgressRecordType.Completed });
        return true;
    }

    private static bool IsHeld(string name, out int owner)
    {
        owner = 0;
        try
        {
            return LocalNodes.IsHeld(name, out owner);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
