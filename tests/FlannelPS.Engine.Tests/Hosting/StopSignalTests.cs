using System.Diagnostics;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class StopSignalTests
{
    private readonly LogLines _log = new();

    /// <remarks>SIGTERM only: a SIGINT would reach the test runner too.</remarks>
    [Fact]
    public async Task The_first_signal_asks_and_the_second_ends_at_once()
    {
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new StopSignal(_log, TimeProvider.System, exit => ended.TrySetResult(exit));
        Assert.False(stop.Token.IsCancellationRequested);
        Send("TERM");
        await stop.Token.WaitHandle.WaitAsync();
        Assert.False(ended.Task.IsCompleted);
        Send("TERM");
        Assert.Equal(143, await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Contains("SIGTERM", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task An_orderly_end_that_takes_too_long_is_cut_off_with_code_1()
    {
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new StopSignal(_log, TimeProvider.System, exit => ended.TrySetResult(exit));
        Assert.True(stop.Request("control socket"));
        Assert.False(stop.Request("control socket"));
        Assert.True(stop.Token.IsCancellationRequested);
        Assert.Equal(ExitCode.Failed, await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Contains(_log.Lines, line => line.Contains("longer than"));
    }

    [Fact]
    public void A_callback_that_never_returns_does_not_hold_up_who_asks()
    {
        using var release = new ManualResetEventSlim();
        using var stop = new StopSignal(_log, TimeProvider.System, _ => { });
        using var registration = stop.Token.Register(release.Wait);
        Assert.True(stop.Request("control socket"));
        release.Set();
    }

    private static void Send(string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("sh", ["-c", $"kill -{signal} {Environment.ProcessId}"]))!;
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}

internal static class WaitHandleExtensions
{
    public static async Task WaitAsync(this WaitHandle handle) => Assert.True(await Task.Run(() => handle.WaitOne(TimeSpan.FromSeconds(10))));
}
