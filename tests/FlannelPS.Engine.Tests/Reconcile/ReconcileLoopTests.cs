using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Reconcile;

/// <summary>The loop in a real kernel, woken by its notifications.</summary>
public sealed class ReconcileLoopTests
{
    private static readonly Lease Peer = Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02");

    [Fact]
    public async Task F40_what_somebody_takes_away_or_changes_comes_back_and_what_we_do_ourselves_wakes_nobody()
    {
        using var bed = KernelBed.Create();
        await using var running = Running.Start(bed, bed.Overlay());
        running.Loop.Update(Given.Table(Peer));
        await KernelBed.UntilAsync(() => running.Loop.Status.IsProgrammed && bed.Read("ip", "route").Contains("10.5.2.0/24", StringComparison.Ordinal));
        string[][] damages =
        [
            ["ip", "route", "del", "10.5.2.0/24"],
            ["ip", "route", "replace", "10.5.2.0/24", "via", "192.0.2.9", "dev", "eth9"],
            ["ip", "neigh", "del", "10.5.2.0", "dev", "flannel.1"],
            ["ip", "neigh", "replace", "10.5.2.0", "lladdr", "02:00:00:00:00:99", "dev", "flannel.1", "nud", "permanent"],
            ["bridge", "fdb", "del", "02:00:00:00:00:02", "dev", "flannel.1", "self"],
            ["bridge", "fdb", "replace", "02:00:00:00:00:02", "dev", "flannel.1", "dst", "192.0.2.9", "self"],
            ["ip", "link", "set", "flannel.1", "down"],
            ["ip", "link", "del", "flannel.1"],
        ];
        foreach (var damage in damages)
        {
            bed.Read(damage[0], damage[1..]);
            await KernelBed.UntilAsync(() => IsWhole(bed));
        }
        Assert.True(running.Loop.Status.Repairs >= 6, $"{running.Loop.Status.Repairs} repairs");
        Assert.Contains(bed.Log.Lines, line => line.Contains("Repaired", StringComparison.Ordinal));

        // A lease's own round is the only one it causes.
        await KernelBed.UntilAsync(() => running.IsQuiet());
        var rounds = running.Loop.Status.Rounds;
        running.Loop.Update(Given.Table(Peer, Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03")));
        await KernelBed.UntilAsync(() => running.Loop.Status.Peers.Count == 2 && running.IsQuiet());
        Assert.Equal(rounds + 1, running.Loop.Status.Rounds);
    }

    [Fact]
    public async Task A_round_that_fails_is_told_and_tried_again()
    {
        using var bed = KernelBed.Create();
        bed.Ip("link add flannel.1 type bridge");
        await using var running = Running.Start(bed, bed.Overlay());
        running.Loop.Update(Given.Table(Peer));
        await KernelBed.UntilAsync(() => running.Loop.Status.Problem.Contains("bridge", StringComparison.Ordinal));
        bed.Ip("link del flannel.1");
        await KernelBed.UntilAsync(() => running.Loop.Status is { Problem: "", IsProgrammed: true } && IsWhole(bed));
    }

    [Fact]
    public async Task F40_a_foreign_route_put_back_again_and_again_is_left_and_ours_returns_when_it_goes()
    {
        using var bed = KernelBed.Create();
        await using var running = Running.Start(bed, bed.Overlay());
        running.Loop.Update(Given.Table(Peer));
        await KernelBed.UntilAsync(() => running.Loop.Status.IsProgrammed && IsWhole(bed));
        for (var i = 0; i < 3; i++)
        {
            bed.Ip("route replace 10.5.2.0/24 via 192.0.2.9 dev eth9 proto static");
            if (i < 2)
                await KernelBed.UntilAsync(() => IsWhole(bed));
        }
        await KernelBed.UntilAsync(() => running.Loop.Status.Failed.Any(failed => failed.Reason.Contains("contested", StringComparison.Ordinal)));
        Assert.Contains("via 192.0.2.9", bed.Read("ip", "route"));
        bed.Ip("route del 10.5.2.0/24");
        await KernelBed.UntilAsync(() => IsWhole(bed) && running.Loop.Status.Failed.Count == 0);
    }

    [Fact]
    public async Task A_repair_tells_what_it_put_right_and_takes_back_what_was_left_to_others()
    {
        using var bed = KernelBed.Create();
        await using var running = Running.Start(bed, bed.Overlay());
        running.Loop.Update(Given.Table(Peer));
        await KernelBed.UntilAsync(() => running.Loop.Status.IsProgrammed && IsWhole(bed));
        Assert.Equal(RoundChanges.None, (await running.Loop.RepairAsync().WaitAsync(TestContext.Current.CancellationToken)).Changes);
        for (var i = 0; i < 3; i++)
        {
            bed.Ip("route replace 10.5.2.0/24 via 192.0.2.9 dev eth9 proto static");
            if (i < 2)
                await KernelBed.UntilAsync(() => IsWhole(bed));
        }
        await KernelBed.UntilAsync(() => running.Loop.Status.Failed.Count > 0);
        var status = await running.Loop.RepairAsync().WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(RoundChanges.None with { Routes = 1 }, status.Changes);
        Assert.Empty(status.Failed);
        Assert.True(IsWhole(bed));
        // Once more is no fight yet.
        bed.Ip("route replace 10.5.2.0/24 via 192.0.2.9 dev eth9 proto static");
        await KernelBed.UntilAsync(() => IsWhole(bed));
    }

    [Fact]
    public async Task A_repair_of_a_round_that_fails_returns_with_the_reason()
    {
        using var bed = KernelBed.Create();
        bed.Ip("link add flannel.1 type bridge");
        await using var running = Running.Start(bed, bed.Overlay());
        running.Loop.Update(Given.Table(Peer));
        Assert.Contains("bridge", (await running.Loop.RepairAsync().WaitAsync(TestContext.Current.CancellationToken)).Problem);
    }

    private static bool IsWhole(KernelBed bed)
        => bed.Socket.FindLink("flannel.1") is { IsUp: true } link && link.Address == Given.OwnMac
            && bed.Read("ip", "route").Contains("10.5.2.0/24 via 10.5.2.0 dev flannel.1", StringComparison.Ordinal)
            && bed.Read("ip", "neigh", "show", "dev", "flannel.1").Contains("10.5.2.0 lladdr 02:00:00:00:00:02", StringComparison.Ordinal)
            && bed.Read("bridge", "fdb", "show", "dev", "flannel.1").Contains("02:00:00:00:00:02 dst 192.0.2.2", StringComparison.Ordinal);

    /// <summary>A loop with the monitor that wakes it.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        private RouteMonitor? _monitor;
        private Task _task = Task.CompletedTask;
        private (long Rounds, long Since) _quiet;

        private Running(KernelBed bed) => Loop = new(bed.Socket, bed.Keeper, TimeProvider.System, bed.Log, _ => { });

        public ReconcileLoop Loop { get; }

        public static Running Start(KernelBed bed, Overlay overlay)
        {
            var running = new Running(bed);
            running._monitor = bed.Run(() => new RouteMonitor(running.Loop.Observe, bed.Socket.PortId));
            running.Loop.Configure(overlay);
            running._task = running.Loop.RunAsync(running._stop.Token);
            return running;
        }

        /// <summary>Whether no round came for a third of a second.</summary>
        public bool IsQuiet()
        {
            var now = TimeProvider.System.GetTimestamp();
            if (Loop.Status.Rounds != _quiet.Rounds)
                _quiet = (Loop.Status.Rounds, now);
            return TimeProvider.System.GetElapsedTime(_quiet.Since, now) > TimeSpan.FromMilliseconds(300);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _task);
            _monitor?.Dispose();
            _stop.Dispose();
        }
    }
}
