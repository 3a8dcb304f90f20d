using FlannelPS.Engine.Etcd.Local;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Etcd;

/// <summary>Opens the store that the endpoints' scheme names.</summary>
public static class Store
{
    private const string LocalScheme = "local:";

    /// <summary>Opens a store for a caller who keeps no log: every failure reaches it as an exception.</summary>
    /// <exception cref="ArgumentException">An endpoint or an option is not usable; the message says which and why.</exception>
    public static IStore Open(StoreOptions options) => Open(options, NullLogger.Instance);

    /// <summary>Opens a store. Nothing is sent yet; a malformed endpoint or a missing certificate file is told at once.</summary>
    /// <exception cref="ArgumentException">An endpoint or an option is not usable; the message says which and why.</exception>
    public static IStore Open(StoreOptions options, ILogger logger, TimeProvider? time = null)
    {
        string[] local = [.. options.Endpoints.Select(endpoint => endpoint.Trim()).Where(endpoint => endpoint.StartsWith(LocalScheme, StringComparison.Ordinal))];
        if (local.Length == 0)
        {
            return new EtcdStore(options, logger, time ?? TimeProvider.System);
        }
        if (local.Length > 1 || options.Endpoints.Count(endpoint => !string.IsNullOrWhiteSpace(endpoint)) > 1)
            throw new ArgumentException("A local: store stands alone; give either one local:<directory> or endpoints of etcd.");
        var directory = local[0][LocalScheme.Length..];
        if (directory.Length == 0)
            throw new ArgumentException("local: needs a directory, as local:/var/lib/flannelps/store.");
        if ((options.CaFile ?? options.CertFile ?? options.KeyFile) is { } file)
            throw new ArgumentException($"The certificate file {file} is given, but a local: store has no TLS; leave it out.");
        if (options.SkipCertificateCheck)
            throw new ArgumentException("The certificate check is to be skipped, but a local: store has no TLS; leave that out.");
        return new LocalStore(directory, logger, time ?? TimeProvider.System);
    }
}
