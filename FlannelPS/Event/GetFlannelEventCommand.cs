using System.Management.Automation;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Commands;

/// <summary>Shows what happened at nodes of this host, and goes on with what happens.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelEvent")]
[OutputType(typeof(FlannelEvent))]
public sealed class GetFlannelEventCommand : NodeCommand
{
    private readonly List<string> _followed = [];

    /// <summary>Which nodes; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only since then; a time span or a number of seconds means so long ago.</summary>
    [Parameter]
    [Alias("After")]
    [Ago]
    public DateTimeOffset? Since { get; set; }

    /// <summary>Only as grave as this, or graver.</summary>
    [Parameter]
    public FlannelLogLevel Level { get; set; } = FlannelLogLevel.Information;

    /// <summary>Goes on with what happens, until Ctrl+C or until the node stops.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            if (Follow)
                _followed.Add(name);
            else
                Write(name, [name]);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_followed.Count > 0)
            Write(string.Join(", ", _followed), _followed);
    }

    private void Write(string target, IReadOnlyList<string> names)
    {
        try
        {
            WriteEach(token => Streams.Merge([.. names.Distinct().Select(name => EventsAsync(name, token))], token), WriteObject);
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            WriteError(Record(e, target));
        }
    }

    private async IAsyncEnumerable<FlannelEvent> EventsAsync(string name, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in LocalNodes.EventsAsync(name, Since, Level.ToString(), Follow, cancellationToken).ConfigureAwait(false))
            yield return new FlannelEvent(name, item);
    }
}
