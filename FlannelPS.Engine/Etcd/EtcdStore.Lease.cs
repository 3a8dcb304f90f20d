using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    /// <inheritdoc/>
    public async Task<EtcdLease> GrantAsync(long ttlSeconds, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ttlSeconds);
        var answer = await CallAsync(EtcdCall.LeaseGrant, "", new LeaseGrantRequest { TTL = ttlSeconds }, LeaseGrantResponse.Parser, cancellationToken).ConfigureAwait(false);
        return new EtcdLease(answer.ID, answer.TTL, answer.TTL);
    }

    /// <inheritdoc/>
    /// <remarks>The method streams; one request whose side is then closed makes etcd answer once and end the stream.</remarks>
    public async Task<long> KeepAliveAsync(long leaseId, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(leaseId);
        try
        {
            var answer = await CallAsync(EtcdCall.LeaseKeepAlive, Name(leaseId), new LeaseKeepAliveRequest { ID = leaseId }, LeaseKeepAliveResponse.Parser, cancellationToken).ConfigureAwait(false);
            return Math.Max(0, answer.TTL);
        }
        catch (StoreException e) when (e.InnerException is GrpcException { Status: GrpcStatus.NotFound, FromServer: true })
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public async Task RevokeAsync(long leaseId, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(leaseId);
        try
        {
            await CallAsync(EtcdCall.LeaseRevoke, Name(leaseId), new LeaseRevokeRequest { ID = leaseId }, LeaseRevokeResponse.Parser, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException e) when (e.InnerException is GrpcException { Status: GrpcStatus.NotFound, FromServer: true })
        {
            // Gone already, or gone by an earlier try whose answer was lost.
        }
    }

    /// <inheritdoc/>
    public async Task<EtcdLease> TimeToLiveAsync(long leaseId, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(leaseId);
        try
        {
            var answer = await CallAsync(EtcdCall.LeaseTimeToLive, Name(leaseId), new LeaseTimeToLiveRequest { ID = leaseId }, LeaseTimeToLiveResponse.Parser, cancellationToken).ConfigureAwait(false);
            return new EtcdLease(leaseId, answer.TTL, answer.GrantedTTL);
        }
        catch (StoreException e) when (e.InnerException is GrpcException { Status: GrpcStatus.NotFound, FromServer: true })
        {
            return new EtcdLease(leaseId, -1, 0);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> KeysOfLeaseAsync(long leaseId, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(leaseId);
        try
        {
            var request = new LeaseTimeToLiveRequest { ID = leaseId, Keys = true };
            var answer = await CallAsync(EtcdCall.LeaseTimeToLive, Name(leaseId), request, LeaseTimeToLiveResponse.Parser, cancellationToken).ConfigureAwait(false);
            return [.. answer.Keys.Select(key => key.ToStringUtf8())];
        }
        catch (StoreException e) when (e.InnerException is GrpcException { Status: GrpcStatus.NotFound, FromServer: true })
        {
            return [];
        }
    }

    /// <summary>As etcdctl writes a lease id.</summary>
    private static string Name(long leaseId) => leaseId.ToString("x");
}
