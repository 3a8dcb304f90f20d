namespace FlannelPS.Engine.Etcd;

/// <summary>How to reach a store.</summary>
/// <remarks>Secrets stay in here: <see cref="ToString"/> tells none.</remarks>
public sealed record StoreOptions
{
    /// <summary><c>http://</c>, <c>https://</c> (etcd, several for failover), or one <c>local:&lt;directory&gt;</c>.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>PEM file with the authorities to trust in place of the system's; honoured without a client certificate too.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file with the client certificate; needs <see cref="KeyFile"/>.</summary>
    public string? CertFile { get; init; }

    /// <summary>PEM file with the client's key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether any server certificate is taken. For tests only: whoever answers at the address is believed.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>etcd user; null for none.</summary>
    public string? Username { get; init; }

    /// <summary>The user's password.</summary>
    public string? Password { get; init; }

    /// <summary>How long one call may take, over all endpoints tried.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection attempt to one endpoint may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The endpoints, without a user or a password that somebody put in there.</summary>
    public override string ToString() => string.Join(',', Endpoints.Select(EtcdEndpoint.WithoutUser));
}
