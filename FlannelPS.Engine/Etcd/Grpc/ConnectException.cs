namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>No usable connection came to be, so nothing was sent.</summary>
/// <param name="message">Why, in words for an operator.</param>
/// <param name="inner">What was caught.</param>
internal sealed class ConnectException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>TCP stood, but TLS failed.</summary>
    public bool Tls { get; init; }
}
