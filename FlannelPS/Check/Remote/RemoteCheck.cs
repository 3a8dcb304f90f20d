using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace FlannelPS.Checks;

/// <summary>How computers are reached by PowerShell remoting over SSH.</summary>
/// <param name="User">The user there; null for what ssh has.</param>
/// <param name="KeyFile">The private key's file; null for what ssh has.</param>
/// <param name="Port">The port of SSH.</param>
/// <param name="Limit">Computers at once, at most.</param>
internal sealed record RemoteConnection(string? User, string? KeyFile, int Port, int Limit)
{
    // Nobody is asked for a password or a key in the middle of many computers, and one that is silent holds up the others no longer than this.
    private const int Patience = 30;

    /// <summary>As parameters of Invoke-Command.</summary>
    public Hashtable Parameters()
    {
        var parameters = new Hashtable { ["Port"] = Port, ["ConnectingTimeout"] = Patience * 1000, ["Options"] = new Hashtable { ["BatchMode"] = "yes", ["ConnectTimeout"] = $"{Patience / 2}" } };
        if (User is not null)
            parameters["UserName"] = User;
        if (KeyFile is not null)
            parameters["KeyFilePath"] = KeyFile;
        return parameters;
    }
}

/// <summary>What came from a computer: a result, or why there is none.</summary>
internal readonly record struct RemoteOutcome(string Computer, FlannelCheckResult? Result, ErrorRecord? Failure);

/// <summary>Runs Invoke-FlannelCheck on other computers, each in a session of its own, so that one that fails is nothing to the others.</summary>
/// <param name="connection">How they are reached.</param>
/// <param name="module">Where this module is; the same place there is taken first, so that both are of one version.</param>
/// <param name="parameters">What Invoke-FlannelCheck is told there.</param>
internal sealed class RemoteCheck(RemoteConnection connection, string module, Hashtable parameters)
{
    /// <summary>What a report calls the connection of a computer that could not be asked.</summary>
    public const string Connection = nameof(Connection);

    /// <summary>Parameters that are handed on as they are. A store of this session is none of theirs.</summary>
    public static readonly string[] Handed =
        ["Category", "Tag", "ExcludeTag", "Name", "Endpoint", "Prefix", "Credential", "CACertificatePath", "CertificatePath", "KeyPath", "SkipCertificateCheck", "TimeoutSeconds"];

    private const string There = """
        param($module, $parameters)
        Import-Module ((Test-Path -LiteralPath $module) ? $module : 'FlannelPS') -ErrorAction Stop
        Invoke-FlannelCheck @parameters
        """;

    private const string Here = "param($computer, $connection, $script, $arguments) Invoke-Command -HostName $computer @connection -ScriptBlock ([scriptblock]::Create($script)) -ArgumentList $arguments";

    /// <summary>Runs it; each result as it comes.</summary>
    public async IAsyncEnumerable<RemoteOutcome> RunAsync(IReadOnlyList<string> computers, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var outcomes = Channel.CreateUnbounded<RemoteOutcome>();
        // A session is waited for on a thread of its own.
        var all = Parallel.ForEachAsync(computers, new ParallelOptions { MaxDegreeOfParallelism = connection.Limit, CancellationToken = end.Token }, async (computer, token) =>
            await Task.Factory.StartNew(() => Ask(computer, outcomes.Writer, token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false));
        _ = all.ContinueWith(done => outcomes.Writer.TryComplete(done.Exception?.InnerException), TaskScheduler.Default);
        try
        {
            await foreach (var outcome in outcomes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return outcome;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Ask(string computer, ChannelWriter<RemoteOutcome> outcomes, CancellationToken cancellationToken)
    {
        try
        {
            using var shell = PowerShell.Create(InitialSessionState.CreateDefault2());
            shell.AddScript(Here).AddArgument(computer).AddArgument(connection.Parameters()).AddArgument(There).AddArgument(new object[] { module, parameters });
            shell.Streams.Error.DataAdded += (_, added) => outcomes.TryWrite(new(computer, null, Failure(computer, shell.Streams.Error[added.Index])));
            using var stop = cancellationToken.UnsafeRegister(static shell => ((PowerShell)shell!).BeginStop(null, null), shell);
            var output = new PSDataCollection<PSObject>();
            output.DataAdded += (_, added) => outcomes.TryWrite(Read(computer, output[added.Index]));
            shell.Invoke<PSObject>(null, output);
        }
        catch (PipelineStoppedException)
        {
            // Ctrl+C.
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            outcomes.TryWrite(new(computer, null, Failure(computer, (e as RuntimeException)?.ErrorRecord ?? new(e, "", ErrorCategory.NotSpecified, computer))));
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // What ends because it was stopped has no reason of its own.
        }
    }

    /// <summary>A result that came over the wire: properties without a type.</summary>
    private static RemoteOutcome Read(string computer, PSObject from)
    {
        try
        {
            return new(computer, new(Text("Name"), Text("Category"), LanguagePrimitives.ConvertTo<FlannelTestStatus>(Value("Status")), Text("Message"), Text("Cause"), Text("Remedy"), Text("Target"), Text("Node"), LanguagePrimitives.ConvertTo<TimeSpan>(Value("Duration")))
            {
                ComputerName = computer,
            }, null);
        }
        catch (Exception e) when (e is PSInvalidCastException or InvalidOperationException)
        {
            return new(computer, null, FlannelError.ComputerCheckFailed.Record($"{computer}: what came back is no result of a check ({e.Message}).", computer, e));
        }

        object? Value(string name) => from.Properties[name]?.Value;
        string Text(string name) => Value(name)?.ToString() ?? "";
    }

    private static ErrorRecord Failure(string computer, ErrorRecord from)
    {
        var message = from.Exception.Message.Trim().ReplaceLineEndings(" ");
        return from.Exception is PSRemotingTransportException || from.FullyQualifiedErrorId.Contains("PSSessionStateBroken", StringComparison.Ordinal)
            ? FlannelError.ComputerUnreachable.Record($"{computer} cannot be asked over SSH: {message}", computer, from.Exception)
            : FlannelError.ComputerCheckFailed.Record($"{computer}: {message}", computer, from.Exception);
    }
}
