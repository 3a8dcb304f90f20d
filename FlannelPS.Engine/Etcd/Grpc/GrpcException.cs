namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>A call did not end with status OK.</summary>
/// <param name="status">The server's status, or what the transport's failure amounts to.</param>
/// <param name="detail">The server's message, or ours; one line.</param>
/// <param name="inner">What was caught.</param>
internal sealed class GrpcException(GrpcStatus status, string detail, Exception? inner = null) : Exception(detail, inner)
{
    /// <summary>The status.</summary>
    public GrpcStatus Status { get; } = status;

    /// <summary>The server said so in its own status, as opposed to a broken transport or a deadline of ours.</summary>
    public bool FromServer { get; init; }

    /// <summary>The server surely did not process the request: it never left, or was refused unread.</summary>
    public bool NotProcessed { get; init; }

    /// <summary>The failure lies in TLS: a certificate of either side, or no TLS spoken there.</summary>
    public bool Tls { get; init; }

    /// <summary>A message was larger than the receive limit.</summary>
    public bool TooLarge { get; init; }
}
