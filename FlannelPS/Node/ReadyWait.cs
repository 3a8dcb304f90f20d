using System.Diagnostics;
using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Waits for a daemon to be ready, with a progress bar that shows what it waits for.</summary>
/// <param name="cmdlet">Shows the progress, and ends with the error.</param>
/// <param name="name">The node.</param>
/// <param name="seconds">How long.</param>
internal sealed class ReadyWait(Cmdlet cmdlet, string name, int seconds)
{
    private readonly string _activity = $"Starting the node '{name}'";

    /// <summary>Waits.</summary>
    /// <param name="process">What was started; its end ends the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FlannelNode? Run(NodeProcess process, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        FlannelNode? last = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            last = Look(cancellationToken) is { } now && now.Id != process.Predecessor ? now : last;
            if (last is { IsReady: true })
            {
                cmdlet.WriteProgress(new(0, _activity, "Ready") { RecordType = ProgressRecordType.Completed });
                return last;
            }
            if (process.HasEnded)
                Fail(FlannelError.NodeStartFailed, "ended while it started", process.LastWords());
            if (clock.Elapsed.TotalSeconds > seconds)
            {
                var reasons = last is { Reasons: [_, ..] } ? string.Join("; ", last.Reasons) : "it does not answer yet";
                Fail(last?.State == "NoSubnet" ? FlannelError.SubnetExhausted : FlannelError.NodeStartTimeout, $"is not ready after {seconds} s", reasons);
            }
            // A bar for what is over in the blink of an eye would only flicker.
            if (clock.ElapsedMilliseconds > 300)
                cmdlet.WriteProgress(NodePhases.Progress(_activity, last?.Phase ?? "", last is { Reasons: [var reason, ..] } ? reason : ""));
            cancellationToken.WaitHandle.WaitOne(clock.ElapsedMilliseconds < 500 ? 5 : 100);
        }
    }

    private FlannelNode? Look(CancellationToken cancellationToken)
    {
        try
        {
            return new FlannelNode(LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(2), cancellationToken).GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return null;
        }
    }

    private void Fail(FlannelError error, string outcome, string reason)
    {
        cmdlet.WriteProgress(new(0, _activity, "Failed") { RecordType = ProgressRecordType.Completed });
        // The engine names the module to load; then that is what to do, whether the daemon waits for it or has ended.
        var named = reason.Contains("kernel has no", StringComparison.OrdinalIgnoreCase) ? FlannelError.KernelFeatureMissing : error;
        cmdlet.ThrowTerminatingError(named.Record($"The node '{name}' {outcome}: {reason}", name));
    }
}
