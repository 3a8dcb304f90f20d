using FlannelPS.Engine.Node;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>What becomes of a loop that fails.</summary>
public sealed class LoopSupervisorTests
{
    private readonly LogLines _log = new();
    private readonly List<string> _told = [];

    [Fact]
    public async Task F31_a_loop_that_fails_is_told_and_runs_again_and_the_others_are_not_touched()
    {
        var time = new SteppedTime();
        var supervisor = new LoopSupervisor(time, _log, Tell);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var (runs, others) = (0, 0);
        var failing = supervisor.RunAsync("the loop", token => ++runs == 1 ? throw new InvalidDataException("odd") : Task.Delay(Timeout.InfiniteTimeSpan, token), stop.Token);
        var other = supervisor.RunAsync("another", token =>
        {
            others++;
            return Task.Delay(Timeout.InfiniteTimeSpan, token);
        }, stop.Token);
        Assert.Equal(1, runs);
        Assert.Equal(["the loop failed (odd) and is started again"], Told);
        Assert.Contains("the loop (InvalidDataException)", Assert.Single(_log.Lines));

        // Shown until it has run for a while.
        await time.UntilAsync(() => runs == 2, stop.Token);
        await time.UntilAsync(() => Told.Length == 2, stop.Token);
        Assert.Equal(("", 2, 1, TimeSpan.Zero), (Told[1], runs, others, supervisor.FailingFor));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => failing);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        Assert.Single(_log.Lines);
    }

    [Fact]
    public async Task F31_a_loop_that_fails_again_and_again_or_ends_is_as_bad_as_one_that_hangs()
    {
        var time = new SteppedTime();
        var supervisor = new LoopSupervisor(time, _log, Tell);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var runs = 0;
        _ = supervisor.RunAsync("the loop", _ => ++runs % 2 == 0 ? Task.CompletedTask : Task.FromException(new IOException("again")), stop.Token);
        await time.UntilAsync(() => runs == 6, stop.Token);
        Assert.True(supervisor.FailingFor > TimeSpan.FromSeconds(0.75 * (1 + 2 + 4 + 8 + 16)), $"{supervisor.FailingFor}: a busy loop");
        Assert.Contains(Told, line => line.Contains("it ended by itself", StringComparison.Ordinal));
        Assert.All(Told, Assert.NotEmpty);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task What_a_loop_throws_while_it_is_stopped_is_no_failure()
    {
        var supervisor = new LoopSupervisor(TimeProvider.System, _log, Tell);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = supervisor.RunAsync("the loop", async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new ObjectDisposedException("socket");
        }, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(_log.Lines);
        Assert.Empty(Told);
    }

    private string[] Told
    {
        get
        {
            lock (_told)
                return [.. _told];
        }
    }

    private void Tell(string problem)
    {
        lock (_told)
            _told.Add(problem);
    }
}
