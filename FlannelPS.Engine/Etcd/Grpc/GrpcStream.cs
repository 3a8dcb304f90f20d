using Google.Protobuf;

namespace FlannelPS.Engine.Etcd.Grpc;

/// <summary>A call that lasts: messages both ways until one side ends it. One reader and one writer at a time.</summary>
/// <param name="request">Disposed with the stream, as all that follows.</param>
/// <param name="content">Our side.</param>
/// <param name="response">The server's side.</param>
/// <param name="reader">Cuts it into messages.</param>
/// <param name="parser">Reads one.</param>
/// <param name="stop">Ends the call when cancelled.</param>
/// <param name="caller">The caller's token, bound to <paramref name="stop"/>.</param>
/// <param name="closed">The channel's end.</param>
internal sealed class GrpcStream<T>(
    HttpRequestMessage request,
    DuplexContent content,
    HttpResponseMessage response,
    GrpcMessageReader reader,
    MessageParser<T> parser,
    CancellationTokenSource stop,
    CancellationTokenRegistration caller,
    CancellationToken closed) : IAsyncDisposable
    where T : class, IMessage<T>
{
    private readonly CancellationTokenRegistration _closing = closed.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stop);

    /// <summary>The next message; null when the server ended the call with status OK.</summary>
    /// <exception cref="GrpcException">The call ended otherwise. (A cancelled caller sees this too; he looks at his own token.)</exception>
    /// <exception cref="ObjectDisposedException">The channel was closed.</exception>
    public async Task<T?> ReadAsync()
    {
        try
        {
            var message = await reader.ReadAsync(parser, stop.Token).ConfigureAwait(false);
            if (message is null)
            {
                GrpcTrailers.CheckEnd(response);
            }
            return message;
        }
        catch (Exception e) when (e is not GrpcException)
        {
            ObjectDisposedException.ThrowIf(closed.IsCancellationRequested, this);
            throw GrpcFailure.From(e, started: true);
        }
    }

    /// <summary>Sends one more message.</summary>
    /// <exception cref="GrpcException">The call has ended.</exception>
    public async Task WriteAsync(IMessage message)
    {
        try
        {
            await content.WriteAsync(GrpcFrame.Encode(message), stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not GrpcException)
        {
            ObjectDisposedException.ThrowIf(closed.IsCancellationRequested, this);
            throw GrpcFailure.From(e, started: true);
        }
    }

    /// <summary>Makes a pending read or write fail.</summary>
    public void Abort() => stop.Cancel();

    /// <summary>Ends the call; the server sees the stream reset, and a pending read ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        content.End();
        response.Dispose();
        request.Dispose();
        await caller.DisposeAsync().ConfigureAwait(false);
        await _closing.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }
}
