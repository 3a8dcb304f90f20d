using System.Text;
using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    /// <summary>Makes a call at the preferred endpoint, then at the next ones as far as the call's rule allows, until its time is over.</summary>
    private async Task<T> CallAsync<T>(EtcdCall call, string what, IMessage request, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var round = new Round(this, call, what);
        var frame = round.Encode(request);
        while (true)
        {
            var endpoint = round.Endpoint;
            var token = call == EtcdCall.Authenticate ? null : await TokenAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var answer = await AttemptAsync(endpoint, round.Call(token), frame, parser, cancellationToken).ConfigureAwait(false);
                Prefer(endpoint);
                return answer;
            }
            catch (GrpcException e)
            {
                await round.NextAsync(e, token, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// One call at one endpoint. Where there are others, a member that is silent is asked now and then whether it lives and has a leader:
    /// so a slow member gets the whole time, and a dead one is left within <see cref="EtcdStoreSettings.ProbeAfter"/> and <see cref="EtcdStoreSettings.ProbeTimeout"/>.
    /// </summary>
    private async Task<T> AttemptAsync<T>(EtcdEndpoint endpoint, GrpcCall call, byte[] frame, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (_endpoints.Length == 1)
        {
            return await _channel.UnaryAsync(endpoint.Address, call, frame, parser, cancellationToken).ConfigureAwait(false);
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = _channel.UnaryAsync(endpoint.Address, call, frame, parser, stop.Token);
        while (true)
        {
            try
            {
                return await answer.WaitAsync(_settings.ProbeAfter, _time, CancellationToken.None).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!answer.IsCompleted)
            {
            }
            var death = await WhyDeadAsync(endpoint, answer, cancellationToken).ConfigureAwait(false);
            if (death is null || answer.IsCompleted)
            {
                continue;
            }
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (answer.IsCompletedSuccessfully)
            {
                return await answer.ConfigureAwait(false);
            }
            endpoint.MarkLost();
            throw new GrpcException(GrpcStatus.DeadlineExceeded, death);
        }
    }

    /// <summary>The same, but no longer than the call itself lasts: its time-out is the user's.</summary>
    private async Task<string?> WhyDeadAsync(EtcdEndpoint endpoint, Task answer, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var death = WhyDeadAsync(endpoint, stop.Token);
        if (await Task.WhenAny(answer, death).ConfigureAwait(false) == death)
        {
            return await death.ConfigureAwait(false);
        }
        await stop.CancelAsync().ConfigureAwait(false);
        await ((Task)death).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }

    /// <summary>Asks a member for its state, which it answers without the others; null when it lives and has a leader.</summary>
    private async Task<string?> WhyDeadAsync(EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            var status = await _channel.UnaryAsync(
                endpoint.Address,
                new GrpcCall(Path(EtcdCall.Status), _settings.ProbeTimeout, _settings.ProbeTimeout, null, RequireLeader: false),
                GrpcFrame.Encode(new StatusRequest()),
                StatusResponse.Parser,
                cancellationToken).ConfigureAwait(false);
            return status.Leader == 0 ? "no answer in time, the member has no leader" : null;
        }
        catch (GrpcException e) when (!e.FromServer)
        {
            return $"no answer in time, the member is dead ({e.Message})";
        }
        catch (GrpcException)
        {
            return null;
        }
    }

    private void Prefer(EtcdEndpoint endpoint)
    {
        var index = Array.IndexOf(_endpoints, endpoint);
        if (Interlocked.Exchange(ref _preferred, index) != index)
        {
            _logger.EndpointChosen(endpoint.ToString());
        }
    }

    private void Avoid(EtcdEndpoint endpoint)
    {
        var index = Array.IndexOf(_endpoints, endpoint);
        Interlocked.CompareExchange(ref _preferred, (index + 1) % _endpoints.Length, index);
    }

    private static string Path(EtcdCall call) => call switch
    {
        EtcdCall.Range or EtcdCall.Put or EtcdCall.DeleteRange or EtcdCall.Txn => $"/etcdserverpb.KV/{call}",
        EtcdCall.Watch => "/etcdserverpb.Watch/Watch",
        EtcdCall.Authenticate => "/etcdserverpb.Auth/Authenticate",
        EtcdCall.Status => "/etcdserverpb.Maintenance/Status",
        _ => $"/etcdserverpb.Lease/{call}",
    };

    private static ByteString Bytes(string text) => ByteString.CopyFrom(text, Encoding.UTF8);
}
