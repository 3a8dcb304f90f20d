using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<EndpointStatus>> StatusAsync(CancellationToken cancellationToken)
        => await Task.WhenAll(_endpoints.Select(endpoint => StatusAsync(endpoint, cancellationToken))).ConfigureAwait(false);

    private async Task<EndpointStatus> StatusAsync(EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        var call = new GrpcCall(Path(EtcdCall.Status), _options.CallTimeout, _options.CallTimeout, Volatile.Read(ref _token), RequireLeader: false);
        var clock = ClockOffsetAsync(endpoint, cancellationToken);
        try
        {
            var answer = await _channel.UnaryAsync(endpoint.Address, call, GrpcFrame.Encode(new StatusRequest()), StatusResponse.Parser, cancellationToken).ConfigureAwait(false);
            return new EndpointStatus(endpoint.ToString(), answer.Version, answer.Leader != 0 && answer.Leader == answer.Header.MemberId, answer.Leader != 0, null) { Member = answer.Header.MemberId, ClockOffset = await clock.ConfigureAwait(false) };
        }
        catch (GrpcException e)
        {
            return new EndpointStatus(endpoint.ToString(), null, false, false, EtcdErrors.Store(EtcdCall.Status, "", endpoint.ToString(), e).Message);
        }
        finally
        {
            await ((Task)clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // gRPC tells no time; the member's HTTP answers have a Date (RFC 9110 section 6.6.1), in whole seconds.
    private async Task<TimeSpan?> ClockOffsetAsync(EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        var before = _time.GetUtcNow();
        if (await _channel.DateAsync(endpoint.Address, _options.CallTimeout, cancellationToken).ConfigureAwait(false) is not { } date)
            return null;
        var after = _time.GetUtcNow();
        return date + TimeSpan.FromSeconds(0.5) - (before + (after - before) / 2);
    }
}
