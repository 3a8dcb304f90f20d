using System.Net;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>The request side of a call.</summary>
/// <remarks>
/// A content class of our own, because the built-in ones are excluded from duplex and make the handler wait for the whole body.
/// <see cref="Started"/> is how a call knows whether its message may have left the machine.
/// </remarks>
internal abstract class GrpcContent : HttpContent
{
    private volatile bool _started;

    protected GrpcContent() => Headers.TryAddWithoutValidation("content-type", "application/grpc");

    /// <summary>A connection stood and the body began to be written.</summary>
    public bool Started => _started;

    /// <summary>Called when the body begins to be written.</summary>
    public Action? OnStart { get; init; }

    protected abstract Task WriteBodyAsync(Stream stream, CancellationToken cancellationToken);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _started = true;
        OnStart?.Invoke();
        return WriteBodyAsync(stream, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>One message; may be written again, since the handler itself repeats requests that the server surely did not process.</summary>
internal sealed class UnaryContent(byte[] frame) : GrpcContent
{
    protected override Task WriteBodyAsync(Stream stream, CancellationToken cancellationToken)
        => stream.WriteAsync(frame, cancellationToken).AsTask();
}

/// <summary>A first message, and more while the call lasts.</summary>
internal sealed class DuplexContent(byte[] firstFrame) : GrpcContent
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Stream? _stream;

    /// <summary>Sends one more message. One writer at a time, and only after the response's headers have come.</summary>
    public async Task WriteAsync(byte[] frame, CancellationToken cancellationToken)
    {
        var stream = _stream ?? throw new InvalidOperationException("The call has not begun.");
        await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends our side of the call.</summary>
    public void End() => _end.TrySetResult();

    protected override async Task WriteBodyAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (_stream is not null)
            throw new IOException("A stream cannot be sent twice.");
        _stream = stream;
        // Without the first flush the headers may stay in the buffer, and both sides wait (dotnet/runtime issue 96223).
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(firstFrame, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _end.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
