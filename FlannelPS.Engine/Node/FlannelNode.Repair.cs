using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What an operator asks for: each part looked at again, and told what was put right.</remarks>
public sealed partial class FlannelNode
{
    private readonly NextTurn<(bool Written, string Problem)> _fileTurn = new();
    private readonly NextTurn<bool> _attempt = new();

    /// <summary>Looks at parts of the node again, and waits until that is done. Ends waiting after a conflict.</summary>
    /// <param name="parts">Which.</param>
    /// <param name="patience">How long to wait at most; what takes longer goes on, and is told so.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One outcome a part.</returns>
    public async Task<IReadOnlyList<RepairOutcome>> RepairAsync(NodeParts parts, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var attempt = _attempt.AskAsync();
        Interlocked.Exchange(ref _operator, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        if (_loop is null || _keeper is null)
            await InTimeAsync(attempt).ConfigureAwait(false);
        if (_loop is not { } loop || _keeper is not { } keeper)
        {
            var reason = _status.NotReady is [var first, ..] ? first : "it is starting";
            return [.. Chosen().Select(part => new RepairOutcome(part, 0, reason))];
        }
        var before = keeper.State;
        // All asked first: they run beside one another.
        var (lease, kernel) = (Ask(NodeParts.Lease, keeper.RepairAsync), Ask(NodeParts.Kernel, loop.RepairAsync));
        if (kernel is not null)
        {
            _firewall?.Look();    // its status tells; a lock that somebody holds is not waited for
            await InTimeAsync(kernel).ConfigureAwait(false);    // the file promises a device
        }
        var file = Ask(NodeParts.SubnetFile, _fileTurn.AskAsync);
        var outcomes = new List<RepairOutcome>();
        foreach (var part in Chosen())
        {
            var late = new RepairOutcome(part, 0, $"it is not done after {patience.TotalSeconds:0.#} s, and goes on");
            outcomes.Add(part switch
            {
                NodeParts.Lease => await InTimeAsync(lease!).ConfigureAwait(false) ? OfLease(before, await lease!.ConfigureAwait(false)) : late,
                NodeParts.Kernel => kernel!.IsCompleted ? OfKernel(await kernel.ConfigureAwait(false)) : late,
                _ => await InTimeAsync(file!).ConfigureAwait(false) ? OfFile(await file!.ConfigureAwait(false)) : late,
            });
        }
        return outcomes;

        IEnumerable<NodeParts> Chosen() => new[] { NodeParts.Lease, NodeParts.Kernel, NodeParts.SubnetFile }.Where(part => parts.HasFlag(part));

        Task<T>? Ask<T>(NodeParts part, Func<Task<T>> ask) => parts.HasFlag(part) ? ask() : null;

        async Task<bool> InTimeAsync(Task task)
        {
            var left = patience - _time.GetElapsedTime(started);
            await task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            return task.IsCompleted;
        }
    }

    private static RepairOutcome OfLease(LeaseState before, LeaseState after)
        => after.Phase != LeasePhase.Held
            ? new(NodeParts.Lease, 0, after.Reason.Length > 0 ? $"{after.Phase}: {after.Reason}" : after.Phase.ToString())
            : new(NodeParts.Lease, before.Phase != LeasePhase.Held || before.Held?.ModRevision != after.Held?.ModRevision ? 1 : 0, "");

    private static RepairOutcome OfKernel(ReconcileStatus round)
        => new(NodeParts.Kernel, round.Changes.Count,
            round.Problem.Length > 0 ? round.Problem
            : !round.IsProgrammed ? "the leases are not known yet"
            : round.Failed is [var first, ..] ? $"{round.Failed.Count} objects could not be set, such as {first.Reason}"
            : "",
            round.Changes);

    private static RepairOutcome OfFile((bool Written, string Problem) turn) => new(NodeParts.SubnetFile, turn.Written ? 1 : 0, turn.Problem);
}
