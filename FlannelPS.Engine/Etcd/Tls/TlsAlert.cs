namespace FlannelPS.Engine.Etcd.Tls;

/// <summary>Finds the alert that a server sent about our certificate.</summary>
/// <remarks>.NET has no code for it; what remains is OpenSSL's text in the innermost exception (RFC 8446 section 6.2 names the alerts).</remarks>
internal static class TlsAlert
{
    private static readonly (string Alert, string Meaning)[] Known =
    [
        ("alert certificate required", "the server demands a client certificate and none was given"),
        ("alert bad certificate", "the server refused the client certificate, or demands one and none was given"),
        ("alert unknown ca", "the server does not trust the authority of the client certificate"),
        ("alert certificate expired", "the server says that the client certificate has expired"),
        ("alert certificate revoked", "the server says that the client certificate was revoked"),
        ("alert certificate unknown", "the server refused the client certificate"),
        ("alert unsupported certificate", "the server does not take this kind of client certificate"),
        ("alert access denied", "the server denies access to this client certificate"),
        ("alert protocol version", "the server does not speak TLS 1.2 or 1.3"),
        ("alert handshake failure", "the server found no common ground in the TLS handshake"),
    ];

    /// <summary>What the alert means; null where there is none.</summary>
    public static string? Explain(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            foreach (var (alert, meaning) in Known)
            {
                if (e.Message.Contains(alert, StringComparison.OrdinalIgnoreCase))
                {
                    return meaning;
                }
            }
        }
        return null;
    }
}
