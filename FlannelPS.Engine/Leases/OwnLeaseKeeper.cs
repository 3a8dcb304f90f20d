using System.Threading.Channels;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Leases;

/// <summary>Keeps our lease alive, writes it again where it was lost, and stops writing where somebody else has it.</summary>
/// <remarks>
/// Its clock is monotonic: neither a step of the wall clock nor a suspended machine makes it believe in a lease the store has let go (F23, F27).
/// A key is only ever written under the revision it was read at (R11).
/// </remarks>
internal sealed class OwnLeaseKeeper
{
    private readonly IStore _store;
    private readonly StoreKeys _keys;
    private readonly LeaseSettings _settings;
    private readonly LeaseRequest _request;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<LeaseState> _changed;
    private readonly Channel<Observation> _observed = Channel.CreateUnbounded<Observation>(new() { SingleReader = true });
    private readonly NetworkConfig? _config;
    private HeldLease _held;
    private byte[]? _wanted;
    private DateTimeOffset? _expires;
    private long _renewed;
    private volatile LeaseState _state;

    public OwnLeaseKeeper(
        IStore store, StoreKeys keys, LeaseSettings settings, LeaseRequest request, LeaseAcquisition.Acquired acquired,
        TimeProvider time, ILogger logger, Action<LeaseState> changed)
    {
        (_store, _keys, _settings, _request, _time, _logger, _changed) = (store, keys, settings, request, time, logger, changed);
        (_held, _config) = (acquired.Lease, acquired.Config);
        MarkRenewed(acquired.TtlSeconds, time.GetTimestamp());
        _state = new(LeasePhase.Held, "", _held, _expires);
    }

    /// <summary>How it stands.</summary>
    public LeaseState State => _state;

    /// <summary>Whether <see cref="KeepAsync"/> was called before.</summary>
    public bool HasRun { get; private set; }

    /// <summary>What may have become of our key: told by the watch, by an operator, or by the claim.</summary>
    private abstract record Observation
    {
        public sealed record Written(StoreKey Item) : Observation;

        public sealed record Gone(long Revision, string Why) : Observation;

        public sealed record Taken(string By) : Observation;

        public sealed record Announced(LeaseAttributes Attributes) : Observation;

        public sealed record Repair(TaskCompletionSource<LeaseState>? Asked = null) : Observation;
    }

    /// <summary>Takes what the watch of all leases tells of our key.</summary>
    public void Observe(FollowerUpdate update)
    {
        switch (update)
        {
            case FollowerUpdate.Snapshot snapshot:
                // Revisions of another history mean nothing: look afresh.
                if (snapshot.HistoryLost)
                    Repair();
                else if (snapshot.Keys.FirstOrDefault(item => item.Key == _held.Key) is { } here)
                    _observed.Writer.TryWrite(new Observation.Written(here));
                else
                    _observed.Writer.TryWrite(new Observation.Gone(snapshot.Revision, "the key is gone"));
                break;
            case FollowerUpdate.Changes changes:
                foreach (var change in changes.Events)
                    if (change.Key == _held.Key)
                        _observed.Writer.TryWrite(change is StoreEvent.Put put
                            ? new Observation.Written(put.Item)
                            : new Observation.Gone(change.ModRevision, "the key was deleted, or expired"));
                break;
        }
    }

    /// <summary>Says something else of ourselves from now on: the host's address changed. The lease stays, and its key is written only while it is ours (R11).</summary>
    public void Announce(LeaseAttributes attributes) => _observed.Writer.TryWrite(new Observation.Announced(attributes));

    /// <summary>A live other instance has our identity.</summary>
    public void ReportTaken(string by) => _observed.Writer.TryWrite(new Observation.Taken(by));

    /// <summary>An operator asks to look again, also after a conflict.</summary>
    public void Repair() => _observed.Writer.TryWrite(new Observation.Repair());

    /// <summary>The same, and waits until it was looked at.</summary>
    /// <returns>How it stands then.</returns>
    public Task<LeaseState> RepairAsync()
    {
        var asked = new TaskCompletionSource<LeaseState>(TaskCreationOptions.RunContinuationsAsynchronously);
        _observed.Writer.TryWrite(new Observation.Repair(asked));
        return asked.Task;
    }

    /// <summary>Keeps the lease until cancelled. The lease itself stays: it lives on by its TTL.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(_time, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
        Observation? unanswered = null;
        HasRun = true;
        while (true)
        {
            var wait = _state.Phase switch
            {
                LeasePhase.Conflict => Timeout.InfiniteTimeSpan,
                LeasePhase.Held when !IsAnnounced => backoff.Next(),
                LeasePhase.Held when _held.IsReservation => Timeout.InfiniteTimeSpan,
                LeasePhase.Held => Remaining(_settings.RenewAfter),
                _ => backoff.Next(),
            };
            var observation = await NextAsync(wait, cancellationToken).ConfigureAwait(false) ?? unanswered;
            unanswered = null;
            try
            {
                await ActAsync(observation, cancellationToken).ConfigureAwait(false);
                if (_state.Phase == LeasePhase.Held && !IsAnnounced)
                    await AnnounceAsync(cancellationToken).ConfigureAwait(false);
                if (_state.Phase == LeasePhase.Held && IsAnnounced)
                    backoff.Reset();
            }
            catch (StoreException e)
            {
                // What was seen is not told a second time: the key itself has to be read once the store answers.
                if (observation is not null)
                    unanswered = new Observation.Repair();
                var left = _expires is null ? 0 : Math.Max(0, (long)Remaining(TimeSpan.FromSeconds(_settings.TtlSeconds)).TotalSeconds);
                if (_state.Phase is not (LeasePhase.StoreUnreachable or LeasePhase.Lost))
                    _logger.LeaseAtRisk(_held.Subnet, e.Message, left);
                Move(_state.Phase == LeasePhase.Lost ? LeasePhase.Lost : LeasePhase.StoreUnreachable, e.Message);
            }
            (observation as Observation.Repair)?.Asked?.TrySetResult(_state);
        }
    }

    private async Task<Observation?> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_observed.Reader.TryRead(out var ready))
            return ready;
        using var alarm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), alarm, wait, Timeout.InfiniteTimeSpan);
        try
        {
            return await _observed.Reader.ReadAsync(alarm.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private Task ActAsync(Observation? observation, CancellationToken cancellationToken)
        => observation switch
        {
            Observation.Written written when written.Item.ModRevision > _held.ModRevision => JudgeAsync(written.Item, cancellationToken),
            Observation.Written => Task.CompletedTask,
            Observation.Gone gone when gone.Revision > _held.ModRevision => ReclaimAsync(gone.Why, cancellationToken),
            Observation.Gone => Task.CompletedTask,
            Observation.Taken taken => Conflict(taken.By),
            Observation.Announced announced => Want(announced.Attributes),
            Observation.Repair => ReclaimAsync("the key is gone", cancellationToken),
            null when _state.Phase is LeasePhase.Held && !IsAnnounced => Task.CompletedTask,
            _ when _state.Phase is LeasePhase.Lost => ReclaimAsync(_state.Reason, cancellationToken),
            _ => RenewAsync(cancellationToken),
        };

    private bool IsAnnounced => _wanted is null || _held.Value.Span.SequenceEqual(_wanted);

    private Task Want(LeaseAttributes attributes)
    {
        (_request.Attributes, _wanted) = (attributes, LeaseValue.Write(attributes));
        return Task.CompletedTask;
    }

    /// <summary>Writes what our lease shall say in place of what it says, if nobody else wrote meanwhile.</summary>
    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        var (wanted, key) = (_wanted!, _held.Key);
        var put = await _store.TxnAsync(
            new([StoreCompare.Unchanged(key, _held.ModRevision)], [new StoreOperation.Put(key, wanted, _held.EtcdLeaseId)]), cancellationToken).ConfigureAwait(false);
        if (put.Succeeded)
        {
            _held = _held with { Value = wanted, ModRevision = put.Revision };
            _logger.LeaseAnnounced(_held.Subnet, _request.Attributes.PublicIp);
            Move(LeasePhase.Held, "");
            return;
        }
        // Written meanwhile, by us in a call whose answer was lost, or by somebody else: the key tells.
        await ReclaimAsync("the key is gone", cancellationToken).ConfigureAwait(false);
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var asked = _time.GetTimestamp();
        if (_held.IsReservation)
        {
            Move(LeasePhase.Held, "");
            return;
        }
        var ttl = await _store.KeepAliveAsync(_held.EtcdLeaseId, cancellationToken).ConfigureAwait(false);
        KillPoint.Pass(KillPoint.Renewed);
        if (ttl <= 0)
        {
            await ReclaimAsync("its etcd lease has expired", cancellationToken).ConfigureAwait(false);
            return;
        }
        MarkRenewed(ttl, asked);
        _logger.LeaseKeptAlive(_held.Subnet, ttl);
        Move(LeasePhase.Held, "");
    }

    /// <summary>Our key was written: by us, by an operator who pins it, or by somebody else?</summary>
    private async Task JudgeAsync(StoreKey item, CancellationToken cancellationToken)
    {
        if (item.Value.Span.SequenceEqual(_held.Value.Span) || _wanted is not null && item.Value.Span.SequenceEqual(_wanted) && item.LeaseId == _held.EtcdLeaseId)
        {
            // The same words under another time to live: an operator's reservation, or its end. Or our own new words, in a call whose answer was lost.
            Adopt(item);
            return;
        }
        if (LeaseValue.Read(item.Value, out _) is { } attributes
            && (attributes.PublicIp.Equals(_request.Attributes.PublicIp) || attributes.PublicIp.Equals(LeaseValue.Read(_held.Value, out _)?.PublicIp))
            && (item.LeaseId == 0 || item.LeaseId == _held.EtcdLeaseId))
        {
            // Reserved for our address, or edited, by hand; what we say of ourselves is still ours to say.
            var put = await _store.TxnAsync(
                new([StoreCompare.Unchanged(item.Key, item.ModRevision)], [new StoreOperation.Put(item.Key, _held.Value, item.LeaseId)]), cancellationToken).ConfigureAwait(false);
            if (put.Succeeded)
                Adopt(item with { ModRevision = put.Revision, Value = _held.Value });
            return;
        }
        await Conflict(LeaseValue.Read(item.Value, out _) is { } other
            ? $"{_held.Subnet} was overwritten by the node with public IP {other.PublicIp}. Stop that node or this one; then delete the key {item.Key}, or restart"
            : $"{_held.Subnet} was overwritten with something that is no lease. Delete the key {item.Key}: this node then writes it again").ConfigureAwait(false);
    }

    private void Adopt(StoreKey item)
    {
        var (wasReservation, wasBound) = (_held.IsReservation, item.LeaseId == _held.EtcdLeaseId);
        _held = _held with { EtcdLeaseId = item.LeaseId, ModRevision = item.ModRevision, Value = item.Value };
        if (item.LeaseId == 0)
        {
            _expires = null;
            if (!wasReservation)
                _logger.LeaseReserved(_held.Subnet);
        }
        else if (!wasBound)
            // How long that one lives is not known yet: ask at once.
            MarkRenewed(0, _time.GetTimestamp() - _time.TimestampFrequency * _settings.TtlSeconds);
        Move(LeasePhase.Held, "");
    }

    /// <summary>Writes the same subnet again, if nobody else has it or a part of it.</summary>
    private async Task ReclaimAsync(string why, CancellationToken cancellationToken)
    {
        var list = await _store.RangeAsync(_keys.Subnets, cancellationToken).ConfigureAwait(false);
        if (list.Keys.FirstOrDefault(item => item.Key == _held.Key) is { } here)
        {
            await JudgeAsync(here, cancellationToken).ConfigureAwait(false);
            if (_state.Phase == LeasePhase.Held)
                await RenewAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        if (_state.Phase != LeasePhase.Lost)
            _logger.LeaseLost(_held.Subnet, why);
        Move(LeasePhase.Lost, why);
        var others = LeaseTable.Of(_keys.SubnetPrefix, list.Keys).OccupiedIn(_config);
        if (others.FirstOrDefault(other => other.Overlaps(_held.Subnet)) is { } overlapping)
        {
            await Conflict($"{_held.Subnet} was lost, and {overlapping} overlaps it now. Restart this node to take another subnet").ConfigureAwait(false);
            return;
        }
        var asked = _time.GetTimestamp();
        var acquisition = new LeaseAcquisition(_store, _keys, _settings, _request, static (_, _) => { }, _time, _logger);
        var created = await acquisition.CreateAsync(_held.Subnet, list.Revision, "", cancellationToken).ConfigureAwait(false);
        await acquisition.RevokeUnusedAsync().ConfigureAwait(false);
        if (created is null)
            return; // Somebody wrote meanwhile: the next round looks again.
        _held = created.Lease;
        MarkRenewed(created.TtlSeconds, asked);
        _logger.LeaseReclaimed(_held.Subnet);
        Move(LeasePhase.Held, "");
    }

    private Task Conflict(string reason)
    {
        if (_state.Phase != LeasePhase.Conflict || _state.Reason != reason)
            _logger.LeaseConflict(reason);
        Move(LeasePhase.Conflict, reason);
        return Task.CompletedTask;
    }

    private void MarkRenewed(long ttl, long asked)
    {
        _renewed = asked;
        _expires = _held.IsReservation ? null : _time.GetUtcNow() - _time.GetElapsedTime(asked) + TimeSpan.FromSeconds(ttl);
    }

    private TimeSpan Remaining(TimeSpan after)
        => after - _time.GetElapsedTime(_renewed) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private void Move(LeasePhase phase, string reason)
    {
        var next = new LeaseState(phase, reason, _held, _expires);
        if (next == _state)
            return;
        _state = next;
        _changed(next);
    }
}
