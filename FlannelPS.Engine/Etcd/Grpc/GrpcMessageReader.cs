using System.Buffers.Binary;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>Cuts a response body into messages. Where DATA frames begin and end means nothing here.</summary>
/// <param name="body">The response body.</param>
/// <param name="maxLength">The largest message taken, in bytes; checked before anything is allocated for it.</param>
internal sealed class GrpcMessageReader(Stream body, int maxLength)
{
    private const int SmallBuffer = 1024;
    private byte[] _buffer = new byte[SmallBuffer];
    private int _start;
    private int _end;

    /// <summary>The next message; null at the end of the body.</summary>
    /// <exception cref="GrpcException">The body ends within a message, or a message is too large, compressed or not protobuf.</exception>
    public async Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (!await FillAsync(GrpcFrame.PrefixLength, cancellationToken).ConfigureAwait(false))
        {
            return _end == _start ? null : throw Truncated();
        }
        if (_buffer[_start] != 0)
            throw new GrpcException(GrpcStatus.Internal, "the answer is compressed, which was not asked for");
        var length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_start + 1));
        if (length > (uint)maxLength)
            throw new GrpcException(GrpcStatus.Internal, $"the answer has {length} bytes, more than the {maxLength} that are taken") { TooLarge = true };
        _start += GrpcFrame.PrefixLength;
        if (!await FillAsync((int)length, cancellationToken).ConfigureAwait(false))
            throw Truncated();
        try
        {
            var message = parser.ParseFrom(_buffer, _start, (int)length);
            _start += (int)length;
            Shrink();
            return message;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcStatus.Internal, "the answer is not a message of etcd", e);
        }
    }

    private static GrpcException Truncated() => new(GrpcStatus.Unavailable, "the answer broke off within a message");

    private async ValueTask<bool> FillAsync(int wanted, CancellationToken cancellationToken)
    {
        while (_end - _start < wanted)
        {
            if (_start == _end)
            {
                _start = _end = 0;
            }
            if (_buffer.Length - _start < wanted)
            {
                var target = wanted <= _buffer.Length ? _buffer : new byte[wanted];
                _buffer.AsSpan(_start, _end - _start).CopyTo(target);
                (_buffer, _end, _start) = (target, _end - _start, 0);
            }
            var read = await body.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }
            _end += read;
        }
        return true;
    }

    /// <summary>A watch lives for weeks; one large message shall not keep its buffer for that long.</summary>
    private void Shrink()
    {
        if (_start == _end && _buffer.Length > SmallBuffer)
        {
            _buffer = new byte[SmallBuffer];
            _start = _end = 0;
        }
    }
}
