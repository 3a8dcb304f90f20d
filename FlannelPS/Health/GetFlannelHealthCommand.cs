using System.Diagnostics;
using System.Management.Automation;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Commands;

/// <summary>Tells whether nodes live and are ready: those of this host, or others over HTTP.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelHealth", DefaultParameterSetName = "Name")]
[OutputType(typeof(FlannelHealth))]
public sealed class GetFlannelHealthCommand : NodeCommand
{
    /// <summary>Nodes of this host; wildcards allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Addresses where nodes tell their health (<c>-HealthzPort</c>).</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Uri", ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public Uri[]? Uri { get; set; }

    /// <summary>Seconds to wait for an answer.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 3600)]
    public int TimeoutSeconds { get; set; } = 5;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // Over HTTP another host can be asked from anywhere.
        if (!MyInvocation.BoundParameters.ContainsKey(nameof(Uri)) && ParameterSetName == "Name")
            base.BeginProcessing();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Uri is not null)
        {
            foreach (var address in Uri)
                Probe(address);
            return;
        }
        foreach (var name in Resolve(Name))
            Look(name);
    }

    private void Probe(Uri address)
    {
        try
        {
            var at = HealthProbe.BaseOf(address);
            WriteObject(Await(token => HealthProbe.AskAsync(at, TimeSpan.FromSeconds(TimeoutSeconds), token)));
        }
        catch (HealthProbeException e)
        {
            WriteError(FlannelError.HealthUnreachable.Record(e.Message, address, e));
        }
    }

    private new void Look(string name)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            var status = Await(token => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(TimeoutSeconds), token));
            if (status.Text("name") != name)
                throw new NodeSilentException(NodeSilence.NotOurs, $"What listens for the node '{name}' does not answer as flannelpsd does.");
            WriteObject(new FlannelHealth(name, null, status.Flag("alive"), status.Flag("ready"), status.Texts("reasons"), clock.Elapsed));
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.NotRunning)
        {
            WriteObject(new FlannelHealth(name, null, false, false, [e.Message], clock.Elapsed));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            WriteError(Record(e, name));
        }
    }
}
