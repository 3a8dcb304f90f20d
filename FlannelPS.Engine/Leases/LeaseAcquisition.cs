using System.Net;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Leases;

/// <summary>Finds our lease again, or takes a new one, without ever touching a key that is not ours.</summary>
/// <remarks>
/// Order: by identity (the saved lease), by public IP unless a live other instance claims it, the subnet of the subnet file, a free one drawn.
/// Each write is guarded: by the key's revision where it exists, else by its absence and by "no lease came into being since the list was read", which
/// excludes overlaps of any length and family.
/// </remarks>
internal sealed class LeaseAcquisition(
    IStore store, StoreKeys keys, LeaseSettings settings, LeaseRequest request, Action<LeasePhase, string> waiting, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan NoSubnetPause = TimeSpan.FromSeconds(5);
    private readonly CloneMark _mark = new(store, keys, request);
    private long _granted;
    private Task<EtcdLease>? _ahead;
    private long _grantedAt;

    /// <summary>The claims, if they are being read already.</summary>
    internal Task<RangeResult>? ClaimsAhead { get; set; }

    /// <summary>A lease with the seconds its etcd lease has, and where it came from.</summary>
    internal sealed record Acquired(HeldLease Lease, long TtlSeconds, string How)
    {
        /// <summary>The configuration it was taken under; null for one that was created again.</summary>
        public NetworkConfig? Config { get; init; }
    }

    /// <summary>Takes a lease; waits for the store, for a free subnet, and for the answer whether another instance lives.</summary>
    /// <param name="config">What may be taken.</param>
    /// <param name="list">The leases, if they were read already.</param>
    /// <param name="cancellationToken">Ends it; an etcd lease granted in vain is revoked.</param>
    /// <exception cref="LeaseConflictException">A live other instance has our identity or our public IP.</exception>
    public async Task<Acquired> AcquireAsync(NetworkConfig config, RangeResult? list, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(5));
        var noSubnet = new Backoff(time, NoSubnetPause, NoSubnetPause);
        try
        {
            while (true)
            {
                try
                {
                    var claimsRead = ReadClaimsAsync((ClaimsAhead ?? store.RangeAsync(keys.Claims, cancellationToken)).WaitAsync(cancellationToken));
                    ClaimsAhead = null;
                    list ??= await store.RangeAsync(keys.Subnets, cancellationToken).ConfigureAwait(false);
                    var claims = await claimsRead.ConfigureAwait(false);
                    var table = LeaseTable.Of(keys.SubnetPrefix, list.Keys);
                    var revision = list.Revision;
                    list = null;

                    if (claims.FirstOrDefault(IsOursElsewhere) is { } clone)
                    {
                        try
                        {
                            await RefuseWhileAliveAsync(clone, NodeClaim.CloneOf(clone.Value.Host), cancellationToken).ConfigureAwait(false);
                        }
                        catch (LeaseConflictException)
                        {
                            await _mark.LeaveAsync(cancellationToken).ConfigureAwait(false);
                            throw;
                        }
                    }
                    RefuseOther(table, config);
                    if (FindOwn(table, config) is { } own)
                    {
                        if (await TakeOwnAsync(own.Lease, own.ByIdentity, config, claims, cancellationToken).ConfigureAwait(false) is { } taken)
                            return taken with { Config = config };
                    }
                    else if (Choose(config, table, out var how, out var exhausted) is { } subnet)
                    {
                        if (await CreateAsync(subnet, revision, how, cancellationToken).ConfigureAwait(false) is { } created)
                            return created with { Config = config };
                    }
                    else
                    {
                        waiting(LeasePhase.NoSubnet, exhausted);
                        await noSubnet.WaitAsync(cancellationToken).ConfigureAwait(false);
                        continue;
                    }
                }
                catch (StoreException e)
                {
                    list = null;
                    waiting(LeasePhase.Acquiring, e.Message);
                }
                // A lost race, or a store that failed: read again, and not all at once.
                await backoff.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await RevokeUnusedAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Nobody waits for a lease here any more: the mark of a second machine goes.</summary>
    public Task TakeMarkBackAsync() => _mark.TakeBackAsync();

    /// <summary>Where workloads have a subnet already, it is that one or none: another would cut them off without a word.</summary>
    private void RefuseOther(LeaseTable table, NetworkConfig config)
    {
        if (request.InUse is not { } inUse)
            return;
        const string Remedy = "Restart this node to take another subnet, and its workloads with it";
        if (!config.Holds(inUse))
            throw new LeaseConflictException($"This node runs with {inUse} from saved state, and the configuration does not give that any more. {Remedy}");
        if (FindOwn(table, config)?.Lease.Subnet != inUse && table.OccupiedIn(config).FirstOrDefault(other => other.Overlaps(inUse)) is { } taken)
            throw new LeaseConflictException($"This node runs with {inUse} from saved state, and {taken} is another node's by now. {Remedy}");
    }

    /// <summary>Our own lease among the others: compatible ones first, so that a stale one beside it does no harm.</summary>
    private (Lease Lease, bool ByIdentity)? FindOwn(LeaseTable table, NetworkConfig config)
    {
        if (request.Saved is { } saved && table.Leases.TryGetValue(saved.Key, out var lease)
            && (saved.EtcdLeaseId != 0 && lease.EtcdLeaseId == saved.EtcdLeaseId || lease.ModRevision == saved.ModRevision)
            // In a store made anew the numbers come again: the words must be ours too.
            && LeaseValue.Write(lease.Attributes).AsSpan().SequenceEqual(saved.Value.Span) && !IsForeignReservation(lease))
            return (lease, true);
        var mine = request.Attributes.PublicIp;
        if (mine.Equals(IPAddress.Any))
            return null;
        var byAddress = table.Leases.Values.Where(other => other.Attributes.PublicIp.Equals(mine) && !IsForeignReservation(other)
                && (request.InUse is null || other.Subnet == request.InUse))
            .OrderByDescending(other => config.Holds(other.Subnet)).ThenBy(other => other.CreateRevision).FirstOrDefault();
        return byAddress is null ? null : (byAddress, false);

        // What an operator pinned stays pinned, also where this configuration does not give it (F25).
        bool IsForeignReservation(Lease lease) => lease.IsReservation && !config.Holds(lease.Subnet);
    }

    private async Task<Acquired?> TakeOwnAsync(
        Lease own, bool byIdentity, NetworkConfig config, IReadOnlyList<Claim> claims, CancellationToken cancellationToken)
    {
        if (!byIdentity && claims.FirstOrDefault(claim => claim.Identity != request.Identity && keys.SubnetPrefix + claim.Value.Subnet == own.Key) is { } other)
            await RefuseWhileAliveAsync(other, $"{request.Attributes.PublicIp} is the public IP of a live other node too (host '{other.Value.Host}', subnet {own.Subnet}). Give each node its own address with --iface or --public-ip", cancellationToken).ConfigureAwait(false);

        if (!config.Holds(own.Subnet))
        {
            var deleted = await store.TxnAsync(
                new([StoreCompare.Unchanged(own.Key, own.ModRevision)], [new StoreOperation.Delete(own.Key)]), cancellationToken).ConfigureAwait(false);
            if (deleted.Succeeded)
                logger.IncompatibleLeaseRemoved(own.Subnet, config.IPv4.Network.ToString(), config.IPv4.SubnetLength);
            return null;
        }

        var value = LeaseValue.Write(request.Attributes);
        var how = byIdentity ? "our lease of the last run" : "the lease of our public IP";
        if (own.IsReservation)
            return await PutOwnAsync(own, value, etcdLease: 0, ttl: 0, "an operator's reservation for our public IP", cancellationToken).ConfigureAwait(false);
        // The etcd lease that keeps it is kept too where it lives as long as ours would: then a restart writes nothing.
        var ttl = await store.KeepAliveAsync(own.EtcdLeaseId, cancellationToken).ConfigureAwait(false);
        if (ttl == settings.TtlSeconds)
            return await PutOwnAsync(own, value, own.EtcdLeaseId, ttl, how, cancellationToken).ConfigureAwait(false);
        var granted = await GrantAsync(cancellationToken).ConfigureAwait(false);
        return await PutOwnAsync(own, value, granted, settings.TtlSeconds, how, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Acquired?> PutOwnAsync(Lease own, byte[] value, long etcdLease, long ttl, string how, CancellationToken cancellationToken)
    {
        if (own.EtcdLeaseId == etcdLease && LeaseValue.Write(own.Attributes).AsSpan().SequenceEqual(value))
            return Mine(new(own.Key, own.Subnet, value, etcdLease, own.ModRevision), ttl, how);
        var put = await store.TxnAsync(
            new([StoreCompare.Unchanged(own.Key, own.ModRevision)], [new StoreOperation.Put(own.Key, value, etcdLease)]), cancellationToken).ConfigureAwait(false);
        return put.Succeeded ? Mine(new(own.Key, own.Subnet, value, etcdLease, put.Revision), ttl, how) : null;
    }

    private Subnet? Choose(NetworkConfig config, LeaseTable table, out string how, out string exhausted)
    {
        exhausted = "";
        var occupied = table.OccupiedIn(config);
        if (request.InUse is { } inUse)
        {
            how = "the subnet in use by saved state";
            return inUse;
        }
        if (request.Previous is { } previous)
        {
            how = "the subnet of the subnet file";
            if (!config.Holds(previous))
                logger.PreviousSubnetRefused(previous, "the configuration does not give it");
            else if (occupied.FirstOrDefault(other => other.Overlaps(previous)) is { } other)
                logger.PreviousSubnetRefused(previous, $"{other} is taken by another node");
            else
                return previous;
        }
        how = "drawn from the free ones";
        return SubnetAllocator.Draw(config, occupied, out exhausted);
    }

    /// <summary>Creates a lease's key if it is absent and nothing came into being since <paramref name="listRevision"/>.</summary>
    /// <returns>Null when somebody was faster.</returns>
    internal async Task<Acquired?> CreateAsync(Subnet subnet, long listRevision, string how, CancellationToken cancellationToken)
    {
        var key = keys.Of(subnet);
        var value = LeaseValue.Write(request.Attributes);
        var etcdLease = await GrantAsync(cancellationToken).ConfigureAwait(false);
        KillPoint.Pass(KillPoint.Granted);
        try
        {
            var created = await store.TxnAsync(
                new([StoreCompare.Absent(key), StoreCompare.NoneCreatedAfter(keys.Subnets, listRevision)], [new StoreOperation.Put(key, value, etcdLease)]),
                cancellationToken).ConfigureAwait(false);
            KillPoint.Pass(KillPoint.Leased);
            return created.Succeeded ? Mine(new(key, subnet, value, etcdLease, created.Revision), settings.TtlSeconds, how) : null;
        }
        catch (StoreException e) when (e.Ambiguous)
        {
            // The answer was lost, perhaps not the write: the key itself tells (F08).
            var here = await store.RangeAsync(KeyRange.One(key), cancellationToken).ConfigureAwait(false);
            return here.Keys is [var found] && found.LeaseId == etcdLease
                ? Mine(new(key, subnet, value, etcdLease, found.ModRevision), settings.TtlSeconds, how)
                : null;
        }
    }

    /// <summary>A key stands on the etcd lease: from here on it must not be revoked as unused.</summary>
    private Acquired Mine(HeldLease lease, long ttl, string how)
    {
        if (lease.EtcdLeaseId == _granted)
            _granted = 0;
        return new(lease, ttl, how);
    }

    /// <summary>Revokes an etcd lease that was granted for a key which then was not written.</summary>
    internal async Task RevokeUnusedAsync()
    {
        if (_ahead is { IsCompletedSuccessfully: true } ahead)
            (_granted, _ahead) = ((await ahead.ConfigureAwait(false)).Id, null);
        if (_granted == 0)
            return;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        try
        {
            await store.RevokeAsync(_granted, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // It carries no key, and ends by itself.
        }
        _granted = 0;
    }

    /// <summary>Begins to be granted an etcd lease for a key that very likely has to be created, while other things are made ready.</summary>
    internal void GrantAhead(CancellationToken cancellationToken)
    {
        _grantedAt = time.GetTimestamp();
        _ahead = AskAsync();

        async Task<EtcdLease> AskAsync() => await store.GrantAsync(settings.TtlSeconds, cancellationToken).ConfigureAwait(false);
    }

    private async Task<long> GrantAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _ahead, null) is { } ahead)
        {
            try
            {
                _granted = (await ahead.ConfigureAwait(false)).Id;
            }
            catch (StoreException)
            {
                // Asked for again below; the store tells its reason then.
            }
        }
        // One that was granted for a race lost long ago may have ended meanwhile.
        if (_granted != 0 && time.GetElapsedTime(_grantedAt) > TimeSpan.FromSeconds(settings.TtlSeconds) / 3)
            await RevokeUnusedAsync().ConfigureAwait(false);
        if (_granted == 0)
        {
            _grantedAt = time.GetTimestamp();
            _granted = (await store.GrantAsync(settings.TtlSeconds, cancellationToken).ConfigureAwait(false)).Id;
        }
        return _granted;
    }

    private sealed record Claim(string Identity, NodeClaim Value, long EtcdLeaseId);

    private async Task<IReadOnlyList<Claim>> ReadClaimsAsync(Task<RangeResult> read)
    {
        try
        {
            var range = await read.ConfigureAwait(false);
            return [.. from item in range.Keys
                       let value = NodeClaim.Read(item.Value)
                       where value is not null
                       select new Claim(item.Key[keys.ClaimPrefix.Length..], value, item.LeaseId)];
        }
        catch (StoreException e) when (e.Failure == StoreFailure.PermissionDenied)
        {
            return [];
        }
    }

    /// <summary>Waits until a claim is seen to be kept alive, or is not any more. An instance gives a sign every 10 s: a claim that missed one is dead.</summary>
    private async Task RefuseWhileAliveAsync(Claim other, string refusal, CancellationToken cancellationToken)
    {
        var seen = long.MaxValue;
        while (true)
        {
            var left = (await store.TimeToLiveAsync(other.EtcdLeaseId, cancellationToken).ConfigureAwait(false)).TtlSeconds;
            if (left > seen)
                throw new LeaseConflictException(refusal);
            if (left < NodeClaim.DeadBelowSeconds)
                return;
            seen = left;
            waiting(LeasePhase.Waiting, $"host '{other.Value.Host}' gave a sign of life a moment ago; waiting to see whether it lives ({refusal})");
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsOursElsewhere(Claim claim)
        => claim.Identity == request.Identity && claim.Value.Nonce != request.Nonce && !request.WasOurs(claim.Value.Nonce);
}

/// <summary>Somebody else has what would be ours. Nothing was written.</summary>
/// <param name="message">Who has it, and what to do.</param>
public sealed class LeaseConflictException(string message) : Exception(message);
