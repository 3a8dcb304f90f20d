using System.Threading.Channels;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

/// <summary>The one loop that makes the kernel equal to what the leases ask for.</summary>
/// <remarks>
/// Level-triggered: a changed lease, a deleted route, a lost notification and a restart are all the same case, the next round. A round that a lease asks for
/// compares with what the last round left; a round that the kernel asks for, or the timer, reads the kernel first.
/// </remarks>
internal sealed class ReconcileLoop
{
    /// <summary>The kernel is read again after so long without any reason.</summary>
    private static readonly TimeSpan VerifyPeriod = TimeSpan.FromSeconds(60);

    /// <summary>Rounds that repair have at least this distance: at most 20 repairs a second (F40).</summary>
    private static readonly TimeSpan RepairSpacing = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan HeartbeatPeriod = TimeSpan.FromSeconds(10);

    private readonly RouteSocket _socket;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Round _round;
    private readonly NextTurn<ReconcileStatus> _repair = new();
    private readonly Backoff _retry;
    private volatile bool _verify = true;
    private volatile Overlay? _overlay;
    private volatile string _paused = "";
    private volatile LeaseTable _table = LeaseTable.Unknown;
    private LeaseTable? _planned;
    private long _heartbeat;
    private long _verified;
    private TimeSpan? _retryIn;

    /// <param name="socket">The kernel.</param>
    /// <param name="keeper">Keeps the devices.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="published">Told after each round, with the devices standing.</param>
    /// <param name="chosen">Told who the peers are, before anything is put for them; must be quick.</param>
    public ReconcileLoop(
        RouteSocket socket, DeviceKeeper keeper, TimeProvider time, ILogger logger, Action<ReconcileStatus> published, Action<IReadOnlyList<Lease>>? chosen = null)
    {
        (_socket, _time, _logger) = (socket, time, logger);
        _round = new Round(socket, keeper, time, logger, published, chosen);
        _retry = new Backoff(time, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        _heartbeat = time.GetTimestamp();
    }

    /// <summary>How the last round went.</summary>
    public ReconcileStatus Status => _round.Status;

    /// <summary>Since when the loop has given no sign of life.</summary>
    public TimeSpan SilentFor => _time.GetElapsedTime(Interlocked.Read(ref _heartbeat));

    /// <summary>Says what to plan from, and asks for a round that reads the kernel.</summary>
    public void Configure(Overlay overlay)
    {
        _overlay = overlay;
        Wake(verify: true);
    }

    /// <summary>Runs no round until <see cref="Configure"/> is called again: the interface below is gone, and whatever is tried fails. Nothing is taken away.</summary>
    public void Pause(string reason)
    {
        (_paused, _overlay) = (reason, null);
        Wake(verify: false);
    }

    /// <summary>Takes a new lease table in, and asks for a round.</summary>
    public void Update(LeaseTable table)
    {
        // What saved state left standing may have to go now, and only the kernel knows all of it.
        var verify = _table.IsSaved && !table.IsSaved;
        _table = table;
        Wake(verify);
    }

    /// <summary>Asks for a round.</summary>
    /// <param name="verify">Whether the kernel may differ from what the last round left.</param>
    public void Wake(bool verify)
    {
        if (verify)
            _verify = true;
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Asks for a round that reads the kernel and takes back what was left to others, and waits for it.</summary>
    /// <returns>How it went.</returns>
    public Task<ReconcileStatus> RepairAsync()
    {
        var round = _repair.AskAsync();
        Wake(verify: true);
        return round;
    }

    /// <summary>Takes a kernel notification: whatever contradicts what should stand asks for a round.</summary>
    public void Observe(KernelNotification notification)
    {
        if (notification is KernelNotification.Overrun)
            _logger.NotificationsLost();
        if (_round.Contradicts(notification))
            Wake(verify: true);
    }

    /// <summary>Runs until cancelled. Nothing is taken out of the kernel at the end (D8).</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Exchange(ref _heartbeat, _time.GetTimestamp());
            if (_overlay is { } overlay)
                Run(overlay);
            else
                _repair.Take()?.TrySetResult(Status with { Problem = _paused });
        }
    }

    private void Run(Overlay overlay)
    {
        var now = _time.GetTimestamp();
        var verify = (_verify || _retryIn is not null) && (_verified == 0 || _time.GetElapsedTime(_verified, now) >= RepairSpacing)
            || _time.GetElapsedTime(_verified, now) >= VerifyPeriod;
        var table = _table;
        // A heartbeat, with nothing to do.
        if (!verify && ReferenceEquals(table, _planned))
            return;
        _planned = table;
        if (verify)
        {
            _verify = false;
            _verified = now;
        }
        var asked = verify ? _repair.Take() : null;
        if (asked is not null)
            _round.Reclaim();
        try
        {
            var clean = _round.Run(overlay, table, verify);
            if (clean)
                _retry.Reset();
            _retryIn = clean ? null : _retry.Next();
        }
        catch (Exception e) when (e is NetlinkException or DeviceException or Kernel.FileException)
        {
            // It may have got half way: what it meant to leave is not to be trusted.
            _verify = true;
            _retryIn = _retry.Next();
            _round.Fail(e.Message, _retryIn.Value);
        }
        asked?.TrySetResult(_round.Status);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_wake.Reader.TryRead(out _) && !(_verify && _overlay is not null))
            return;
        var wait = HeartbeatPeriod;
        if (_verify && _overlay is not null)
            wait = RepairSpacing - _time.GetElapsedTime(_verified) is var spacing && _verified != 0 && spacing > TimeSpan.Zero ? spacing : TimeSpan.Zero;
        else if (_retryIn is { } retry && retry < wait)
            wait = retry;
        if (wait == TimeSpan.Zero)
            return;
        using var alarm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), alarm, wait, Timeout.InfiniteTimeSpan);
        try
        {
            await _wake.Reader.ReadAsync(alarm.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The timer: a heartbeat, a retry, or the end of the spacing.
        }
    }
}
