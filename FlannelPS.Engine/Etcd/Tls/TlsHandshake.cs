using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FlannelPS.Engine.Etcd.Grpc;

namespace FlannelPS.Engine.Etcd.Tls;

/// <summary>One TLS handshake, and in words of an operator why it failed.</summary>
internal static class TlsHandshake
{
    /// <summary>Puts TLS on a connection. The host's name or address must stand in the server's certificate.</summary>
    /// <exception cref="ConnectException">The handshake failed; the message says whose certificate is wrong and how.</exception>
    public static async Task<SslStream> ConnectAsync(Stream transport, string host, TlsCredentials credentials, CancellationToken cancellationToken)
    {
        string? reason = null;
        var stream = new ConfirmedSslStream(transport);
        try
        {
            await stream.AuthenticateAsClientAsync(
                credentials.Options(host, (_, certificate, chain, errors) =>
                {
                    reason = errors == SslPolicyErrors.None || credentials.TrustsAnyServer ? null : Explain(certificate as X509Certificate2, chain, errors, host, credentials.TrustedText);
                    return reason is null;
                }),
                cancellationToken).ConfigureAwait(false);
            if (stream.NegotiatedApplicationProtocol != SslApplicationProtocol.Http2)
                throw new ConnectException("the server speaks TLS but not HTTP/2: this is no etcd client port") { Tls = true };
            await stream.ConfirmAsync(cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (e is AuthenticationException or IOException and not ConnectException)
            {
                throw new ConnectException(reason ?? TlsAlert.Explain(e) ?? "the TLS handshake failed (does the server speak TLS on this port?)", e) { Tls = true };
            }
            throw;
        }
    }

    private static string Explain(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, string host, string trusted)
    {
        if (certificate is null)
        {
            return "the server showed no certificate";
        }
        var reasons = new List<string>();
        var now = DateTime.Now;
        if (now > certificate.NotAfter)
        {
            reasons.Add($"the server's certificate expired at {certificate.NotAfter.ToUniversalTime():u}");
        }
        else if (now < certificate.NotBefore)
        {
            reasons.Add($"the server's certificate is not valid before {certificate.NotBefore.ToUniversalTime():u}; check both clocks");
        }
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid)) != 0)
        {
            reasons.Add($"the server's certificate ({certificate.Subject}, issued by {certificate.Issuer}) is not signed by {trusted}");
        }
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            reasons.Add($"the server's certificate ({certificate.Subject}) is not for {host}");
        }
        return reasons.Count > 0 ? string.Join(", and ", reasons) : $"the server's certificate ({certificate.Subject}) was not accepted: {status}";
    }
}
