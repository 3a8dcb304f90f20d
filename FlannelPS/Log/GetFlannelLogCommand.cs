using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Commands;

/// <summary>Shows the log of nodes of this host, from its file or from the journal, and goes on with what is added.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelLog")]
[OutputType(typeof(FlannelLogEntry))]
public sealed class GetFlannelLogCommand : NodeCommand
{
    private readonly List<(string Name, LogSource Source)> _followed = [];

    /// <summary>Whose; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LogNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Of what is there, only so many of the last lines.</summary>
    [Parameter]
    [Alias("Last")]
    [ValidateRange(0, int.MaxValue)]
    public int? Tail { get; set; }

    /// <summary>Goes on with what is added, until Ctrl+C.</summary>
    [Parameter]
    [Alias("Wait")]
    public SwitchParameter Follow { get; set; }

    /// <summary>Only as grave as this, or graver.</summary>
    [Parameter]
    public FlannelLogLevel Level { get; set; } = FlannelLogLevel.Debug;

    /// <summary>Only later lines; a time span or a number of seconds means so long ago.</summary>
    [Parameter]
    [Alias("Since")]
    [Ago]
    public DateTimeOffset? After { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            if (LogSource.Find(name, Status(name), out var reason) is not { } source)
                WriteError(FlannelError.FileNotFound.Record(reason, name));
            else if (Follow)
                _followed.Add((name, source));
            else
                Write(name, [(name, source)]);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_followed.Count > 0)
            Write(string.Join(", ", _followed.Select(item => item.Name)), _followed);
    }

    /// <inheritdoc/>
    private protected override IReadOnlyList<string> NodeNames() => [.. base.NodeNames().Union(LogSource.Names()).Order(StringComparer.Ordinal)];

    private JsonElement Status(string name)
    {
        try
        {
            return Await(token => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(2), token));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return default;    // the log is there all the same
        }
    }

    private void Write(string target, IReadOnlyList<(string Name, LogSource Source)> sources)
    {
        try
        {
            WriteEach(token => Streams.Merge([.. sources.DistinctBy(item => item.Name).Select(item => EntriesAsync(item.Name, item.Source, token))], token), WriteObject);
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            WriteError((e switch
            {
                JournalException { Failure: JournalFailure.Missing } => FlannelError.ServiceManagerMissing,
                JournalException { Failure: JournalFailure.Denied } or UnauthorizedAccessException or FileException { Errno: Errno.EACCES } => FlannelError.PrivilegeRequired,
                JournalException => FlannelError.ServiceFailed,
                FileRefusedException => FlannelError.FileUnsafe,
                _ => FlannelError.FileInvalid,
            }).Record(e.Message, target, e));
        }
    }

    private async IAsyncEnumerable<FlannelLogEntry> EntriesAsync(string name, LogSource source, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in source.ReadAsync(new LogFilter(Level.ToString(), After, Tail, Follow), cancellationToken).ConfigureAwait(false))
            yield return new FlannelLogEntry(name, line);
    }
}
