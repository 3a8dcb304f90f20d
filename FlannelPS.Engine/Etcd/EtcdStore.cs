using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Tls;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Etcd;

/// <summary>The registry in etcd v3, over gRPC.</summary>
/// <remarks>
/// One connection at a time: all calls go to the member that answered last, and to the next one when it fails.
/// A read is linearizable and a watch needs a leader, so a member that is cut off never answers (F11).
/// </remarks>
internal sealed partial class EtcdStore : IStore
{
    private readonly EtcdEndpoint[] _endpoints;
    private readonly EtcdStoreSettings _settings;
    private readonly StoreOptions _options;
    private readonly GrpcChannel _channel;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private int _preferred;

    /// <summary>Checks the options and reads the certificates; sends nothing yet.</summary>
    /// <exception cref="ArgumentException">An endpoint or an option is not usable.</exception>
    public EtcdStore(StoreOptions options, ILogger logger, TimeProvider time, EtcdStoreSettings? settings = null)
    {
        (_options, _logger, _time, _settings) = (options, logger, time, settings ?? new());
        // In a short time there must still be room for the next endpoint.
        if (options.CallTimeout / 4 is var most && _settings.ProbeAfter > most)
            _settings = _settings with { ProbeAfter = most, ProbeTimeout = most };
        _endpoints = EtcdEndpoint.Parse(options.Endpoints);
        Description = string.Join(',', _endpoints.AsEnumerable());
        CheckOptions(options, _endpoints[0].Address.Scheme == Uri.UriSchemeHttps);
        var tls = _endpoints[0].Address.Scheme == Uri.UriSchemeHttps ? new TlsCredentials(options, logger) : null;
        _channel = new GrpcChannel(tls, options.ConnectTimeout, _settings.MaxReceiveLength, time);
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public void AddressGone(System.Net.IPAddress address) => _channel.AddressGone(address);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _renewal.Dispose();
        Array.ForEach(_endpoints, endpoint => endpoint.Dispose());
        return ValueTask.CompletedTask;
    }

    private static void CheckOptions(StoreOptions options, bool tls)
    {
        if (!tls && (options.CaFile ?? options.CertFile ?? options.KeyFile) is { } file)
            throw new ArgumentException($"The certificate file {file} is given, but no endpoint is https://, so it would not be used and everything would go as plain text. Use https:// endpoints, or leave the file out.");
        if (!tls && options.SkipCertificateCheck)
            throw new ArgumentException("The certificate check is to be skipped, but no endpoint is https://. Use https:// endpoints, or leave that out.");
        if (options.CertFile is null != options.KeyFile is null)
            throw new ArgumentException($"The client {(options.CertFile is null ? $"key {options.KeyFile} is given without its certificate" : $"certificate {options.CertFile} is given without its key")}; give both.");
        if (string.IsNullOrEmpty(options.Username) != string.IsNullOrEmpty(options.Password))
            throw new ArgumentException($"An etcd {(string.IsNullOrEmpty(options.Username) ? "password is given without a user" : $"user ({options.Username}) is given without a password")}; give both.");
    }
}
