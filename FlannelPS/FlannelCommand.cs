using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;

namespace FlannelPS;

/// <summary>What all cmdlets of the module share: Ctrl+C reaches a token, and work that takes time is waited for on the pipeline's own thread.</summary>
public abstract partial class FlannelCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancelled when the pipeline is stopped.</summary>
    protected CancellationToken StopToken => _stop.Token;

    /// <inheritdoc/>
    protected override void StopProcessing() => _stop.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the cmdlet holds; also runs after a terminating error and after Ctrl+C, unlike EndProcessing.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _stop.Dispose();
    }

    /// <summary>Runs asynchronous work and waits for it here.</summary>
    /// <exception cref="PipelineStoppedException">The pipeline was stopped meanwhile.</exception>
    private protected T Await<T>(Func<CancellationToken, Task<T>> work)
    {
        try
        {
            // On the pool: a continuation of the engine's never finds itself on the pipeline's thread.
            return Task.Run(() => work(StopToken), StopToken).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <inheritdoc cref="Await{T}"/>
    private protected void Await(Func<CancellationToken, Task> work)
        => Await(async token =>
        {
            await work(token).ConfigureAwait(false);
            return true;
        });

    /// <summary>Writes what comes, as it comes.</summary>
    private protected void WriteEach<T>(Func<CancellationToken, IAsyncEnumerable<T>> items, Action<T> write)
    {
        var enumerator = items(StopToken).GetAsyncEnumerator(StopToken);
        try
        {
            while (enumerator.MoveNextAsync().AsTask() is var next && (next.IsCompletedSuccessfully ? next.Result : Await(_ => next)))
                write(enumerator.Current);
        }
        finally
        {
            // Whatever it holds; its own end is no second error.
            Task.Run(() => enumerator.DisposeAsync().AsTask()).Wait(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Asks as ShouldProcess does, but with <c>-Force</c> only where <c>-WhatIf</c> or <c>-Confirm</c> was said: those two hold all the same.</summary>
    private protected bool ShouldProcess(string target, string action, bool force)
    {
        var isSaid = MyInvocation.BoundParameters.ContainsKey("Confirm") || MyInvocation.BoundParameters.ContainsKey("WhatIf")
            || LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));
        if (!force || isSaid)
            return ShouldProcess(target, action);
        WriteVerbose($"{action}: {target}");
        return true;
    }

    /// <summary>Ends the cmdlet with an error.</summary>
    [DoesNotReturn]
    private protected void Fail(FlannelError error, string message, object? target, Exception? inner = null)
    {
        ThrowTerminatingError(error.Record(message, target, inner));
        throw new PipelineStoppedException();    // not reached
    }

    /// <summary>A path of the user's, as PowerShell means it: relative to the session's location, drives of the file system only.</summary>
    private protected string FullPath(string path)
        => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _) is var full && provider.Name == "FileSystem"
            ? full
            : throw new PSArgumentException($"'{path}' is not a path of the file system.");
}
