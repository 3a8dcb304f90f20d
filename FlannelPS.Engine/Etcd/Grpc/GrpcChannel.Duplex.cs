using Google.Protobuf;

namespace FlannelPS.Engine.Etcd.Grpc;

internal sealed partial class GrpcChannel
{
    /// <summary>
    /// Opens a call that lasts. Waits for the response's headers, which etcd sends with its first message, for <see cref="GrpcCall.Timeout"/> at most;
    /// the stream itself has no deadline.
    /// </summary>
    /// <exception cref="GrpcException">The call failed, or its time was over.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<GrpcStream<T>> DuplexAsync<T>(Uri endpoint, GrpcCall call, byte[] firstFrame, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        cancellationToken.ThrowIfCancellationRequested();
        var stop = new CancellationTokenSource(call.ConnectPatience, _time);
        var registration = cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stop);
        var content = new DuplexContent(firstFrame) { OnStart = () => Extend(stop, call.Timeout) };
        var request = Request(endpoint, call with { Timeout = TimeSpan.Zero }, content);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, stop.Token).ConfigureAwait(false);
            stop.CancelAfter(Timeout.InfiniteTimeSpan);
            GrpcTrailers.CheckHeaders(response);
            var body = await response.Content.ReadAsStreamAsync(stop.Token).ConfigureAwait(false);
            return new GrpcStream<T>(request, content, response, new GrpcMessageReader(body, _maxReceiveLength), parser, stop, registration, _closed.Token);
        }
        catch (Exception e)
        {
            var failure = cancellationToken.IsCancellationRequested ? null : e as GrpcException;
            try
            {
                failure ??= Failure(e, content, stop, cancellationToken);
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                content.End();
                response?.Dispose();
                request.Dispose();
                await registration.DisposeAsync().ConfigureAwait(false);
                stop.Dispose();
            }
            throw failure;
        }
    }
}
