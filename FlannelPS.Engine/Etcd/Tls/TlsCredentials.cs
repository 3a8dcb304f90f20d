using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Etcd.Tls;

/// <summary>The certificates of one store, read again from disk for each new connection so that a rotated file needs no restart.</summary>
/// <remarks>Certificate authority and client certificate are honoured separately. A file caught half-written keeps the last good state.</remarks>
internal sealed class TlsCredentials
{
    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly object _gate = new();
    private Loaded _loaded;

    private sealed record Loaded(string? Ca, string? Cert, string? Key, X509Certificate2Collection? Authorities, SslStreamCertificateContext? Client);

    /// <summary>Reads the files once, so that a wrong path is told at once.</summary>
    /// <exception cref="ArgumentException">A file is missing, unreadable or not PEM, or certificate and key do not fit.</exception>
    public TlsCredentials(StoreOptions options, ILogger logger)
    {
        (_options, _logger) = (options, logger);
        _loaded = Load(null);
    }

    /// <summary>Whether a client certificate is shown.</summary>
    public bool HasClientCertificate => _options.CertFile is not null;

    /// <summary>Whether any server certificate is taken.</summary>
    public bool TrustsAnyServer => _options.SkipCertificateCheck;

    /// <summary>What to trust, for messages.</summary>
    public string TrustedText => _options.CaFile is null ? "the system's authorities" : $"the authorities in {_options.CaFile}";

    /// <summary>Handshake options for one connection, from the files as they are now.</summary>
    public SslClientAuthenticationOptions Options(string host, RemoteCertificateValidationCallback validate)
    {
        var loaded = Current();
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (loaded.Authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(loaded.Authorities);
        }
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            ClientCertificateContext = loaded.Client,
            RemoteCertificateValidationCallback = validate,
            // A resumed session would go on with the certificates of the past.
            AllowTlsResume = false,
        };
    }

    private Loaded Current()
    {
        lock (_gate)
        {
            try
            {
                _loaded = Load(_loaded);
            }
            catch (ArgumentException e)
            {
                _logger.CertificatesNotReloaded(e.Message);
            }
            return _loaded;
        }
    }

    private Loaded Load(Loaded? last)
    {
        var ca = Read(_options.CaFile, "certificate authority");
        var cert = Read(_options.CertFile, "client certificate");
        var key = Read(_options.KeyFile, "client key");
        if (last is not null && ca == last.Ca && cert == last.Cert && key == last.Key)
        {
            return last;
        }
        return new(ca, cert, key, ca is null ? null : Authorities(ca), cert is null ? null : Client(cert, key!));
    }

    private static string? Read(string? path, string what)
    {
        try
        {
            return path is null ? null : File.ReadAllText(path, Encoding.ASCII);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The {what} file {path} cannot be read: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e is UnauthorizedAccessException ? "this user may not read it" : e.GetType().Name)}. Check its path and mode.", e);
        }
    }

    private X509Certificate2Collection Authorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new ArgumentException($"The certificate authority file {_options.CaFile} holds a certificate that cannot be read.", e);
        }
        return authorities.Count > 0
            ? authorities
            : throw new ArgumentException($"The certificate authority file {_options.CaFile} holds no certificate in PEM form.");
    }

    private SslStreamCertificateContext Client(string certPem, string keyPem)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certPem);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certPem, keyPem), all, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new ArgumentException(
                $"The client certificate {_options.CertFile} and its key {_options.KeyFile} cannot be used: both must be PEM, belong together, and the key must not be encrypted.", e);
        }
    }
}
