using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Stops nodes. Their devices and routes stay, so traffic goes on.</summary>
[Cmdlet(VerbsLifecycle.Stop, "FlannelNode", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelNode))]
public sealed class StopFlannelNodeCommand : NodeLifeCommand
{
    /// <summary>Ends a process that does not end in time by SIGKILL.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Removes what the node has set up as well: devices, routes, files, and its lease.</summary>
    [Parameter]
    public SwitchParameter Cleanup { get; set; }

    /// <summary>Writes the node as it is afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Chosen())
        {
            if (!ShouldProcess(name, Cleanup ? "Stop node and remove its devices, routes, files and lease" : "Stop node"))
                continue;
            var before = Look(name);
            var settings = Cleanup ? CleanupSettings(before) : null;
            if (!Stop(before, Force))
                continue;
            if (settings is not null && !Clean(settings))
                continue;
            if (PassThru)
                WriteObject(Look(name));
        }
    }

    // Read while the node runs: afterwards nobody knows any more how it reached its store.
    private NodeSettings CleanupSettings(FlannelNode node)
    {
        try
        {
            if (node is { Id: > 0, HostType: not "Session" })
                return NodeSettings.OfProcess(node.Name, node.Id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteVerbose($"What the node '{node.Name}' was started with is not known: {e.Message}");
        }
        var variables = new Dictionary<string, string>();
        if (node.Endpoint is { } endpoint)
            variables["FLANNELD_ETCD_ENDPOINTS"] = endpoint;
        if (node.Prefix is { } prefix)
            variables["FLANNELD_ETCD_PREFIX"] = prefix;
        return new(node.Name, [], variables);
    }

    private bool Clean(NodeSettings settings)
    {
        try
        {
            var left = new List<string>();
            Await(token => NodeCleanup.RunAsync(settings, WriteVerboseLater, left.Add, token));
            FlushVerbose();
            left.ForEach(WriteWarning);
            return true;
        }
        catch (Engine.Hosting.StartupException e)
        {
            WriteError(FlannelError.KernelRefused.Record(e.Message, settings.Name, e));
            return false;
        }
    }
}
