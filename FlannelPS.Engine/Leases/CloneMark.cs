using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>What a machine that was refused its identity leaves beside the claim of the first, so that both sides say so; for as long as it waits.</summary>
internal sealed class CloneMark(IStore store, StoreKeys keys, LeaseRequest request)
{
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);
    private long _etcdLease;

    /// <summary>Leaves it, or keeps it. It is a courtesy: what the store refuses is let be.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_etcdLease != 0 && await store.KeepAliveAsync(_etcdLease, cancellationToken).ConfigureAwait(false) > 0)
                return;
            _etcdLease = (await store.GrantAsync(NodeClaim.TtlSeconds, cancellationToken).ConfigureAwait(false)).Id;
            var mark = new NodeClaim(request.Nonce, "", Environment.MachineName, "").Write();
            await store.PutAsync($"{keys.ClaimPrefix}{request.Identity}/{request.Nonce}", mark, _etcdLease, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // This side knows.
        }
    }

    /// <summary>Takes it back: this machine does not ask for the identity any more, or has it now.</summary>
    public async Task TakeBackAsync()
    {
        if (_etcdLease == 0)
            return;
        using var limit = new CancellationTokenSource(Farewell);
        try
        {
            await store.RevokeAsync(_etcdLease, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // It ends by itself within a minute.
        }
        _etcdLease = 0;
    }
}
