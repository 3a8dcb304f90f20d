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
        try
        {
            var answer = await _channel.UnaryAsync(endpoint.Address, call, GrpcFrame.Encode(new StatusRequest()), StatusResponse.Parser, cancellationToken).ConfigureAwait(false);
            return new EndpointStatus(endpoint.ToString(), answer.Version, answer.Leader != 0 && answer.Leader == answer.Header.MemberId, answer.Leader != 0, null);
        }
        catch (GrpcException e)
        {
            return new EndpointStatus(endpoint.ToString(), null, false, false, EtcdErrors.Store(EtcdCall.Status, "", endpoint.ToString(), e).Message);
        }
    }
}
