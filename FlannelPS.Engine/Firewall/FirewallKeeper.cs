using System.ComponentModel;
using System.Net;
using System.Threading.Channels;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Firewall;

/// <summary>The loop that keeps the firewall as wanted. It is apart from the reconcile loop: whoever holds a lock of the firewall holds up no route (F53).</summary>
/// <remarks>
/// It looks at once when the kernel tells of a change to what it minds, and every period. A look costs programs to be run, so a period in which the
/// ruleset's generation has not moved costs none.
/// </remarks>
internal sealed class FirewallKeeper : IDisposable
{
    /// <summary>Where iptables-legacy has its lock: it is closed whenever somebody has changed something.</summary>
    private const string LegacyLock = "/run/xtables.lock";

    /// <summary>A reload is many changes: they are one look.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(20);

    /// <summary>Looked at anyway, whatever the kernel says.</summary>
    private static readonly TimeSpan LongestTrust = TimeSpan.FromSeconds(60);

    private readonly HostFirewall _host;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<FirewallStatus> _published;
    private readonly RulesetSocket? _socket;
    private readonly PeerAddresses _peers;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Backoff _retry;
    private readonly RepairBudget _repairs;
    private readonly LogBudget _told;
    private FirewallStatus _status;
    private volatile RuleSet _plan;
    private volatile bool _look = true;
    private volatile bool _peersChanged = true;
    private bool _takenOver;
    private uint? _generation;
    private long _droppedInTable;
    private TimeSpan? _retryIn;
    private long _last;

    /// <param name="plan">What is wanted; the guards' peers come by <see cref="Allow"/>.</param>
    /// <param name="host">What acts.</param>
    /// <param name="period">How often to look without any reason.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="published">Told of each new status.</param>
    public FirewallKeeper(RuleSet plan, HostFirewall host, TimeSpan period, TimeProvider time, ILogger logger, Action<FirewallStatus> published)
    {
        (_plan, _host, _period, _time, _logger, _published) = (plan, host, period, time, logger, published);
        (_peers, _repairs, _told) = (new(time), new(time), new(time, 1));
        _retry = new Backoff(time, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
        _status = FirewallStatus.None with
        {
            Masquerade = plan.Families.Any(family => family.Masquerade is not null),
            Forward = plan.Families.Any(family => family.Forward),
            StrictPeers = plan.Families.Any(family => family.Guard is not null),
        };
        try
        {
            _socket = new();
        }
        catch (NetlinkException)
        {
            // A kernel without nftables: iptables-legacy alone.
        }
    }

    /// <summary>Takes in who the peers are, before routes to them are made: a new one may speak when this returns, in nftables.</summary>
    /// <remarks>Called on the reconcile loop's thread: one message to the kernel, and no program.</remarks>
    public void Allow(IReadOnlyList<Lease> peers)
    {
        if (_peers.Update([.. peers.Select(peer => peer.Attributes.PublicIp), .. peers.Select(peer => peer.Attributes.PublicIpV6).OfType<IPAddress>()]) is not { } added)
            return;
        _peersChanged = true;
        if (_status is { IsGuarded: true, Implementation: "nftables" })
            foreach (var family in _plan.Families.Where(family => family.Guard is not null))
                if (added.Where(address => address.AddressFamily == family.Family).ToList() is { Count: > 0 } some)
                    _socket?.TryAdd(family.Family, _plan.Names.Table, NftText.PeersSet, some);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Takes in what is wanted from now on.</summary>
    public void Configure(RuleSet plan)
    {
        (_plan, _peersChanged) = (plan, true);
        Look();
    }

    /// <summary>Asks for a look.</summary>
    public void Look()
    {
        _look = true;
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Runs until cancelled. The rules stay (D8).</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var monitor = Listen();
        Inotify? legacy = null;
        Look();
        try
        {
            while (true)
            {
                await WaitAsync(cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (monitor?.Completion.IsFaulted == true)
                    await monitor.Completion.ConfigureAwait(false);
                // Programs are waited for: on a thread of its own, so that nobody else waits.
                if (_peers.IsKnown)
                    await Task.Factory.StartNew(Round, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
                if (_host.IsLegacy)
                    legacy ??= ListenToLegacy();
            }
        }
        finally
        {
            legacy?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Round()
    {
        var generation = _socket?.Generation();
        var wanted = _peersChanged || !_status.IsApplied || _peers.NextChange() <= TimeSpan.Zero;
        var isUnchanged = generation is not null && generation == _generation && !_host.IsLegacy && _time.GetElapsedTime(_last) < LongestTrust;
        if (!_look && !wanted && _retryIn is null && isUnchanged)
            return;
        var first = !_status.IsApplied;
        (_look, _peersChanged, _last) = (false, false, _time.GetTimestamp());
        try
        {
            var outcome = _host.Apply(Wanted());
            if (!_takenOver && _host.TakeOver(_plan))
                _logger.FirewallTakenOver();
            _takenOver = true;
            Succeed(outcome, isRepair: outcome.Changed && !wanted, first);
            _generation = generation;
        }
        catch (FirewallException e)
        {
            _retryIn = _retry.Next();
            _peersChanged |= wanted;
            if (_status.Problem != e.Message)
                _logger.FirewallFailed(e.Message);
            Publish(_status with { Implementation = _host.Implementation, Problem = e.Message });
        }
    }

    private RuleSet Wanted()
    {
        var peers = _peers.Current();
        return _plan with
        {
            Families = [.. _plan.Families.Select(family => family.Guard is not { } guard ? family
                : family with { Guard = guard with { Peers = peers.Where(peer => peer.AddressFamily == family.Family).Concat(guard.Peers).ToHashSet() } })],
        };
    }

    private void Succeed(FirewallOutcome outcome, bool isRepair, bool first)
    {
        _retry.Reset();
        _retryIn = null;
        var wasContested = _repairs.IsExhausted;
        if (isRepair)
            _repairs.Take();
        else
            _repairs.Rest();
        if (_repairs.IsExhausted && !wasContested)
            _logger.FirewallContested();
        if (isRepair && _told.Allow(out var suppressed))
            _logger.FirewallRepaired(suppressed);
        if (outcome.Missing.Length > 0 && outcome.Missing != _status.Missing)
            _logger.FirewallMissing(outcome.Missing);
        if ((first || _status.Problem.Length > 0) && !_plan.IsEmpty && _host.UsesNft is not null)
            _logger.FirewallStands(_host.Implementation);
        Publish(_status with
        {
            Implementation = _host.Implementation,
            IsApplied = true,
            IsGuarded = outcome.Guarded,
            Repairs = _status.Repairs + (isRepair ? 1 : 0),
            Dropped = CountDropped(outcome.Dropped),
            Missing = outcome.Missing,
            Problem = _repairs.IsExhausted ? "somebody undoes the rules again and again; they are put back once a second" : "",
        });
    }

    /// <summary>The kernel's count begins anew with each table; ours goes on.</summary>
    private long? CountDropped(long? inTable)
    {
        if (inTable is not { } count)
            return null;
        var total = (_status.Dropped ?? 0) + (count >= _droppedInTable ? count - _droppedInTable : count);
        _droppedInTable = count;
        return total;
    }

    private void Publish(FirewallStatus status)
    {
        if (status != _status)
            _published(_status = status);
    }

    private RulesetMonitor? Listen()
    {
        try
        {
            return new(change =>
            {
                if (Minds(change))
                    Look();
            });
        }
        catch (NetlinkException e)
        {
            _logger.FirewallNotTold(e.Message, _period.TotalSeconds);
            return null;
        }
    }

    private bool Minds(RulesetChange change)
        => change.Table is null || change.Table == _plan.Names.Table
            || change.Table is "filter" or "nat" && (change.Chain is null or "FORWARD" or "POSTROUTING" or "INPUT" || _plan.Names.Owns(change.Chain));

    private Inotify? ListenToLegacy()
    {
        try
        {
            var legacy = Inotify.OfClosing(Environment.GetEnvironmentVariable("XTABLES_LOCKFILE") ?? LegacyLock, Look);
            Look();    // what was changed before
            return legacy;
        }
        catch (Win32Exception)
        {
            return null;    // the period does
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var wait = _period;
        if (_retryIn is { } retry && retry < wait)
            wait = retry;
        if (_peers.NextChange() is { } change && change < wait)
            wait = change;
        using var alarm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), alarm, wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        try
        {
            await _wake.Reader.ReadAsync(alarm.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return;    // the period, a retry, or a peer that is forgotten
        }
        if (_last == 0)
            return;
        // Peers are not kept waiting; for changes of others a burst is one look, and a fight is a slow one.
        var spacing = (_peersChanged ? TimeSpan.Zero : _repairs.Spacing) - _time.GetElapsedTime(_last);
        var pause = !_peersChanged && spacing < Settle ? Settle : spacing;
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
    }
}
