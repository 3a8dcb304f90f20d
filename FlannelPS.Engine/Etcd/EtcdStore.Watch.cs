using System.Runtime.CompilerServices;
using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, long startRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(startRevision, 1);
        var watch = await OpenWatchAsync(range, startRevision, cancellationToken).ConfigureAwait(false);
        await using var _ = watch.ConfigureAwait(false);
        while (true)
        {
            yield return await watch.NextAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a watch at the first endpoint that takes it. A created watch that breaks later is the caller's to resume.</summary>
    private async Task<EtcdWatch> OpenWatchAsync(KeyRange range, long startRevision, CancellationToken cancellationToken)
    {
        var round = new Round(this, EtcdCall.Watch, range.Key);
        var frame = round.Encode(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest { Key = Bytes(range.Key), RangeEnd = End(range), StartRevision = startRevision, Fragment = true },
        });
        var renewed = false;
        while (true)
        {
            var endpoint = round.Endpoint;
            var token = await TokenAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var watch = await OpenWatchAtAsync(endpoint, round.Call(token), frame, range, startRevision, cancellationToken).ConfigureAwait(false);
                Prefer(endpoint);
                return watch;
            }
            catch (GrpcException e)
            {
                await round.NextAsync(e, token, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException e) when (e.Failure == StoreFailure.PermissionDenied && token is not null && !renewed)
            {
                // etcd 3.4 says "permission denied" to a watch whose token it has forgotten: one new token tells the two apart.
                renewed = true;
                await RenewTokenAsync(token, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<EtcdWatch> OpenWatchAtAsync(EtcdEndpoint endpoint, GrpcCall call, byte[] frame, KeyRange range, long startRevision, CancellationToken cancellationToken)
    {
        // A silent member is left as soon as a probe would leave it, and without one, since opening may be repeated.
        var patience = _settings.ProbeAfter + _settings.ProbeTimeout;
        if (_endpoints.Length > 1 && patience < call.Timeout)
        {
            call = call with { Timeout = patience };
        }
        var stream = await _channel.DuplexAsync(endpoint.Address, call, frame, WatchResponse.Parser, cancellationToken).ConfigureAwait(false);
        var watch = new EtcdWatch(stream, endpoint, Avoid, range.Key, startRevision, _settings, _time);
        try
        {
            await watch.CreatedAsync(call.Timeout, cancellationToken).ConfigureAwait(false);
            return watch;
        }
        catch
        {
            await watch.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
