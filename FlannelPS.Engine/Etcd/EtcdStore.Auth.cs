using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    private readonly SemaphoreSlim _renewal = new(1);
    private string? _token;
    private bool _authenticated;

    private bool HasUser => !string.IsNullOrEmpty(_options.Username);

    /// <summary>The token for the next call; null without a user, or where etcd has authentication switched off.</summary>
    private async ValueTask<string?> TokenAsync(CancellationToken cancellationToken)
    {
        if (!HasUser)
        {
            return null;
        }
        if (!Volatile.Read(ref _authenticated))
        {
            await RenewTokenAsync(null, cancellationToken).ConfigureAwait(false);
        }
        return Volatile.Read(ref _token);
    }

    /// <summary>Gets a new token in place of a refused one. Single flight: who comes second takes the first one's.</summary>
    private async Task RenewTokenAsync(string? refused, CancellationToken cancellationToken)
    {
        await _renewal.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_authenticated && _token != refused)
            {
                return;
            }
            var request = new AuthenticateRequest { Name = _options.Username, Password = _options.Password };
            var answer = await CallAsync(EtcdCall.Authenticate, $"of user {_options.Username}", request, AuthenticateResponse.Parser, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _token, answer.Token);
        }
        catch (StoreException e) when (e.InnerException is GrpcException { FromServer: true } inner && inner.Message.Contains("authentication is not enabled", StringComparison.Ordinal))
        {
            if (!_authenticated)
            {
                _logger.AuthenticationIsOff();
            }
            Volatile.Write(ref _token, null);
        }
        finally
        {
            _renewal.Release();
        }
        Volatile.Write(ref _authenticated, true);
    }
}
