using System.Buffers.Binary;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>A length-prefixed message (grpc doc/PROTOCOL-HTTP2.md): one flag byte, four bytes big-endian length, the message.</summary>
internal static class GrpcFrame
{
    /// <summary>Bytes before the message.</summary>
    public const int PrefixLength = 5;

    /// <summary>What etcd's own client sends at most (client/v3/options.go); the server's limit is 1.5 MiB by default.</summary>
    public const int MaxSendLength = 2 * 1024 * 1024;

    /// <summary>Prefix and message in one array, so that both leave in one write.</summary>
    /// <exception cref="GrpcException">The message is larger than <see cref="MaxSendLength"/>.</exception>
    public static byte[] Encode(IMessage message)
    {
        var length = message.CalculateSize();
        if (length > MaxSendLength)
            throw new GrpcException(GrpcStatus.ResourceExhausted, $"the request has {length} bytes, more than the {MaxSendLength} that may be sent") { NotProcessed = true };
        var frame = new byte[PrefixLength + length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
        message.WriteTo(frame.AsSpan(PrefixLength));
        return frame;
    }
}
