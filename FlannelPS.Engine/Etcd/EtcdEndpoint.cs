namespace FlannelPS.Engine.Etcd;

/// <summary>One member of the cluster, as the operator named it.</summary>
/// <param name="address">Scheme, host and port.</param>
internal sealed class EtcdEndpoint(Uri address) : IDisposable
{
    private CancellationTokenSource _lost = new();

    /// <summary>Where it is.</summary>
    public Uri Address { get; } = address;

    /// <summary>Cancelled when this member was found dead, so that a watch on it need not find out by itself.</summary>
    public CancellationToken Lost => Volatile.Read(ref _lost).Token;

    /// <summary>Tells the watches on this member that it does not answer.</summary>
    public void MarkLost() => Interlocked.Exchange(ref _lost, new CancellationTokenSource()).Cancel();

    /// <inheritdoc/>
    public void Dispose() => _lost.Dispose();

    /// <summary>Scheme, host and port, for messages.</summary>
    public override string ToString() => Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Reads the endpoints of an option; blanks around them and empty items do not matter.</summary>
    /// <exception cref="ArgumentException">One is not usable; the message says which and why.</exception>
    public static EtcdEndpoint[] Parse(IReadOnlyList<string> texts)
    {
        EtcdEndpoint[] endpoints = [.. texts.Select(text => text.Trim()).Where(text => text.Length > 0).Select(ParseOne)];
        if (endpoints.Length == 0)
            throw new ArgumentException("No etcd endpoint is given; name at least one, as http://host:2379 or https://host:2379.");
        if (endpoints.Any(endpoint => endpoint.Address.Scheme == Uri.UriSchemeHttps) && endpoints.FirstOrDefault(endpoint => endpoint.Address.Scheme == Uri.UriSchemeHttp) is { } plain)
            throw new ArgumentException($"The endpoint {plain} is plain text beside https:// ones, so a failover would leave TLS; use https:// for all of them.");
        return endpoints;
    }

    private static EtcdEndpoint ParseOne(string text)
    {
        if (text.StartsWith("unix", StringComparison.OrdinalIgnoreCase) && text.Contains("://", StringComparison.Ordinal))
            throw new ArgumentException($"The endpoint {WithoutUser(text)} is a Unix socket, which is not supported; use http:// or https://.");
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
        {
            throw new ArgumentException($"The endpoint '{WithoutUser(text)}' is not usable; write http://host:port, https://host:port or host:port.");
        }
        if (address.UserInfo.Length > 0)
            throw new ArgumentException($"The endpoint '{WithoutUser(text)}' carries a user; give user and password by their own options.");
        if (address.PathAndQuery != "/" || address.Fragment.Length > 0)
            throw new ArgumentException($"The endpoint '{text}' has a path; write scheme, host and port only.");
        return new EtcdEndpoint(address);
    }

    /// <summary>A text as it may stand in a message: without user and password.</summary>
    internal static string WithoutUser(string text)
    {
        var at = text.LastIndexOf('@');
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        return at < 0 ? text : (scheme < 0 ? "" : text[..(scheme + 3)]) + text[(at + 1)..];
    }
}
