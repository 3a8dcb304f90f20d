using System.Collections;
using System.Management.Automation;
using FlannelPS.Engine.Etcd;

namespace FlannelPS;

/// <summary>How to reach a store, and where in it the network stands.</summary>
/// <param name="Options">Endpoints, certificates and user, as the engine takes them.</param>
/// <param name="Prefix">The network's prefix.</param>
internal sealed record StoreTarget(StoreOptions Options, string Prefix)
{
    public const string DefaultPrefix = "/coreos.com/network";
    public const string LocalScheme = "local:";
    private const string DefaultEndpoints = "http://127.0.0.1:4001,http://127.0.0.1:2379";

    /// <summary>Whether nobody said which store is meant.</summary>
    public bool HasDefaultEndpoints => string.Join(',', Options.Endpoints) == DefaultEndpoints;

    /// <summary>What FLANNELD_ETCD_ variables and flannel's defaults say, where no parameter says otherwise.</summary>
    public static StoreTarget From(
        string[]? endpoint, string? prefix, PSCredential? credential, string? ca, string? certificate, string? key, bool skipCertificateCheck, int timeoutSeconds,
        Func<string, string?> variable)
    {
        var user = credential?.GetNetworkCredential();
        // A user and an endpoint belong together: who names an endpoint does not mean another one's user.
        var isNamed = endpoint is { Length: > 0 };
        return new(
            new StoreOptions
            {
                Endpoints = isNamed
                    ? endpoint!
                    : (variable("FLANNELD_ETCD_ENDPOINTS") ?? DefaultEndpoints).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                Username = user?.UserName ?? (isNamed ? null : variable("FLANNELD_ETCD_USERNAME")),
                Password = user?.Password ?? (isNamed ? null : variable("FLANNELD_ETCD_PASSWORD")),
                CaFile = ca ?? (isNamed ? null : variable("FLANNELD_ETCD_CAFILE")),
                CertFile = certificate ?? (isNamed ? null : variable("FLANNELD_ETCD_CERTFILE")),
                KeyFile = key ?? (isNamed ? null : variable("FLANNELD_ETCD_KEYFILE")),
                SkipCertificateCheck = skipCertificateCheck,
                CallTimeout = TimeSpan.FromSeconds(timeoutSeconds),
                ConnectTimeout = ConnectTimeout(timeoutSeconds),
            },
            prefix ?? variable("FLANNELD_ETCD_PREFIX") ?? DefaultPrefix);
    }

    /// <summary>The same store, as another user or with other certificates.</summary>
    public static StoreOptions Over(StoreOptions options, PSCredential? credential, string? ca, string? certificate, string? key, bool skipCertificateCheck)
        => options with
        {
            Username = credential is null ? options.Username : credential.GetNetworkCredential().UserName,
            Password = credential is null ? options.Password : credential.GetNetworkCredential().Password,
            CaFile = ca ?? options.CaFile,
            CertFile = certificate ?? options.CertFile,
            KeyFile = key ?? options.KeyFile,
            SkipCertificateCheck = skipCertificateCheck || options.SkipCertificateCheck,
        };

    /// <summary>The same store, with another patience.</summary>
    public static StoreOptions WithTimeout(StoreOptions options, int seconds)
        => options with { CallTimeout = TimeSpan.FromSeconds(seconds), ConnectTimeout = ConnectTimeout(seconds) };

    /// <summary>The store that a half-typed command line means, for completers.</summary>
    public static StoreTarget Typed(IDictionary parameters)
    {
        if (parameters["Store"] is FlannelStore named)
            return named.Target;
        var endpoint = parameters["Endpoint"] is { } typed ? LanguagePrimitives.ConvertTo<Uri[]>(typed) : null;
        var prefix = parameters["Prefix"] as string;
        if (endpoint is null && StoreSession.Current.Default is { } open)
            return prefix is null ? open.Target : open.Target with { Prefix = prefix };
        return From(endpoint is null ? null : [.. endpoint.Select(uri => uri.OriginalString)], prefix, parameters["Credential"] as PSCredential, Text("CACertificatePath"), Text("CertificatePath"), Text("KeyPath"),
            parameters["SkipCertificateCheck"] is not null, 1, EnvironmentVariable);

        string? Text(string name) => parameters[name] as string;
    }

    /// <summary>A variable of the process; null where it is not set, or empty.</summary>
    public static string? EnvironmentVariable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static TimeSpan ConnectTimeout(int seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 2));
}
