using FlannelPS.Engine.Etcd;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Leases;

/// <summary>Tells the other nodes, for as long as this one runs, that it is alive and which subnet it has.</summary>
internal sealed class NodeClaimKeeper(IStore store, StoreKeys keys, LeaseRequest request, string version, TimeProvider time, ILogger logger)
{
    private readonly string _key = keys.ClaimPrefix + request.Identity;
    private long _etcdLease;
    private Task<EtcdLease>? _granting;
    private string _subnet = "";
    private bool _stands;
    private Predecessor? _predecessor;
    private readonly HashSet<string> _marks = [];

    /// <summary>The run before, whose claim stood when we claimed: is it really dead?</summary>
    /// <param name="EtcdLease">What its claim lived by.</param>
    /// <param name="Host">Where it ran.</param>
    /// <param name="Left">Seconds it had left when first seen.</param>
    /// <param name="SeenAt">When that was.</param>
    /// <param name="Looks">How often to look still.</param>
    private sealed record Predecessor(long EtcdLease, string Host, long Left, long SeenAt, int Looks);

    /// <summary>Claims, and gives a sign every 10 s, until cancelled; then takes the claim back.</summary>
    /// <param name="subnet">Our subnet.</param>
    /// <param name="taken">Told when a live other instance has our identity.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task KeepAsync(Subnet subnet, Action<string> taken, CancellationToken cancellationToken)
    {
        _subnet = subnet.ToKey();
        var value = new NodeClaim(request.Nonce, _subnet, Environment.MachineName, version).Write();
        var failing = false;
        try
        {
            while (true)
            {
                try
                {
                    // The sign comes before the look: a second machine with our identity sees by it that we live.
                    if (!_stands || await store.KeepAliveAsync(_etcdLease, cancellationToken).ConfigureAwait(false) == 0)
                        await ClaimAsync(value, taken, cancellationToken).ConfigureAwait(false);
                    else
                        await LookAsync(taken, cancellationToken).ConfigureAwait(false);
                    failing = false;
                }
                catch (StoreException e) when (e.Failure == StoreFailure.PermissionDenied)
                {
                    logger.ClaimNotPermitted(_key);
                    // Everything else goes on without it.
                    await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
                }
                catch (StoreException e)
                {
                    if (!failing)
                        logger.ClaimAtRisk(_key, e.Message);
                    failing = true;
                }
                await Task.Delay(TimeSpan.FromSeconds(failing ? 2 : NodeClaim.RefreshSeconds), time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await TakeBackAsync().ConfigureAwait(false);
        }
    }

    private async Task ClaimAsync(byte[] value, Action<string> taken, CancellationToken cancellationToken)
    {
        _stands = false;
        var here = await store.RangeAsync(KeyRange.One(_key), cancellationToken).ConfigureAwait(false);
        var guard = StoreCompare.Absent(_key);
        if (here.Keys is [var found])
        {
            var other = NodeClaim.Read(found.Value);
            if (other is not null && other.Nonce != request.Nonce)
            {
                var left = (await store.TimeToLiveAsync(found.LeaseId, cancellationToken).ConfigureAwait(false)).TtlSeconds;
                // One that has missed a sign is dead: the acquisition has waited for just that.
                if (!request.WasOurs(other.Nonce) && left >= NodeClaim.DeadBelowSeconds)
                {
                    taken(NodeClaim.CloneOf(other.Host));
                    return;
                }
                _predecessor = new(found.LeaseId, other.Host, left, time.GetTimestamp(), Looks: 2);
            }
            guard = StoreCompare.Unchanged(_key, found.ModRevision);
        }
        if (_etcdLease == 0 || await store.KeepAliveAsync(_etcdLease, cancellationToken).ConfigureAwait(false) == 0)
            await GrantAsync(cancellationToken).ConfigureAwait(false);
        // A lost race, or answer, shows at the next sign: the key is read again then.
        var put = await store.TxnAsync(new([guard], [new StoreOperation.Put(_key, value, _etcdLease)]), cancellationToken).ConfigureAwait(false);
        _stands = put.Succeeded;
        if (_stands && await FindOlderAsync(put.Revision, cancellationToken).ConfigureAwait(false) is { } older)
            taken($"host '{older.Host}' holds {older.Subnet} too, and was there first: both have one public IP. Give each node its own address with --iface or --public-ip");
    }

    /// <summary>Looks whether a second machine has our identity: it wrote over our claim, or left a mark beside it, or it is the run before ours that we took for dead.</summary>
    private async Task LookAsync(Action<string> taken, CancellationToken cancellationToken)
    {
        var range = await store.RangeAsync(KeyRange.Prefix(_key), cancellationToken).ConfigureAwait(false);
        foreach (var item in range.Keys)
        {
            if (NodeClaim.Read(item.Value) is not { } other || other.Nonce == request.Nonce)
                continue;
            if (item.Key == _key)
            {
                _stands = false;
                taken(NodeClaim.CloneOf(other.Host));
            }
            else if (item.Key.StartsWith(_key + "/", StringComparison.Ordinal) && _marks.Count < 100 && _marks.Add(other.Nonce))
                logger.CloneRefused(other.Host);
        }
        if (_predecessor is not { } before)
            return;
        var left = (await store.TimeToLiveAsync(before.EtcdLease, cancellationToken).ConfigureAwait(false)).TtlSeconds;
        var isAlive = left > before.Left - time.GetElapsedTime(before.SeenAt).TotalSeconds + 3;
        if (isAlive)
            taken(NodeClaim.CloneOf(before.Host));
        _predecessor = left <= 0 || isAlive || before.Looks == 1 ? null : before with { Looks = before.Looks - 1 };
    }

    /// <summary>
    /// Two nodes with one public IP that start together find each other's lease before they find each other's claim. The claims tell afterwards: the later one yields.
    /// A claim of somebody who is dead has missed a sign, or is about to; the acquisition has waited for that.
    /// </summary>
    private async Task<NodeClaim?> FindOlderAsync(long revision, CancellationToken cancellationToken)
    {
        var range = await store.RangeAsync(keys.Claims, cancellationToken).ConfigureAwait(false);
        foreach (var item in range.Keys)
            if (item.Key != _key && item.CreateRevision < revision && NodeClaim.Read(item.Value) is { } other && other.Subnet == _subnet
                && (await store.TimeToLiveAsync(item.LeaseId, cancellationToken).ConfigureAwait(false)).TtlSeconds >= NodeClaim.DeadBelowSeconds)
                return other;
        return null;
    }

    /// <summary>Is granted an etcd lease. A stop does not break it off: what the store grants after that, nobody would take back.</summary>
    private async Task GrantAsync(CancellationToken cancellationToken)
    {
        var granting = _granting ??= store.GrantAsync(NodeClaim.TtlSeconds, CancellationToken.None);
        await ((Task)granting).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        _granting = null;
        _etcdLease = (await granting.ConfigureAwait(false)).Id;
    }

    private async Task TakeBackAsync()
    {
        if (_etcdLease == 0 && _granting is null)
            return;
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500), time);
        try
        {
            if (_granting is not null)
                _etcdLease = (await _granting.WaitAsync(limit.Token).ConfigureAwait(false)).Id;
            await store.RevokeAsync(_etcdLease, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // It ends by itself within a minute.
        }
    }
}
