using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Etcd;

/// <summary>One watch on one stream, from its creation to its end.</summary>
internal sealed class EtcdWatch : IAsyncDisposable
{
    private static readonly TimeSpan DoubtfulSilence = TimeSpan.FromSeconds(1);

    private readonly GrpcStream<WatchResponse> _stream;
    private readonly EtcdEndpoint _endpoint;
    private readonly Action<EtcdEndpoint> _avoid;
    private readonly string _key;
    private readonly EtcdStoreSettings _settings;
    private readonly TimeProvider _time;
    private readonly CancellationToken _lost;
    private readonly CancellationTokenRegistration _lostRegistration;
    private readonly List<StoreEvent> _held = [];
    private TimeSpan _silence;
    private Task<WatchResponse?>? _pending;
    private long _next;
    private long _progress;

    /// <param name="stream">The stream; owned from now on.</param>
    /// <param name="endpoint">Where it leads.</param>
    /// <param name="avoid">Called when the member turns out to be silent or cut off.</param>
    /// <param name="key">The range's first key, for messages.</param>
    /// <param name="startRevision">Where the watch starts.</param>
    /// <param name="settings">Times.</param>
    /// <param name="time">The clock.</param>
    public EtcdWatch(GrpcStream<WatchResponse> stream, EtcdEndpoint endpoint, Action<EtcdEndpoint> avoid, string key, long startRevision, EtcdStoreSettings settings, TimeProvider time)
    {
        (_stream, _endpoint, _avoid, _key, _next, _settings, _time) = (stream, endpoint, avoid, key, startRevision, settings, time);
        _silence = settings.WatchSilence;
        _lost = endpoint.Lost;
        _lostRegistration = _lost.UnsafeRegister(static s => ((GrpcStream<WatchResponse>)s!).Abort(), stream);
    }

    /// <summary>Waits until etcd says that the watch stands.</summary>
    /// <exception cref="GrpcException">The stream broke, or no answer came in time.</exception>
    /// <exception cref="StoreException">etcd refused the watch.</exception>
    public async Task CreatedAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        WatchResponse message;
        try
        {
            message = await (_pending = _stream.ReadAsync()).WaitAsync(timeout, _time, CancellationToken.None).ConfigureAwait(false)
                ?? throw new GrpcException(GrpcStatus.Unavailable, "etcd ended the watch at once");
            _pending = null;
        }
        catch (TimeoutException e)
        {
            throw new GrpcException(GrpcStatus.DeadlineExceeded, "no answer in time", e);
        }
        catch (GrpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        Check(message);
        if (!message.Created)
            throw new GrpcException(GrpcStatus.Internal, "etcd answered a watch request with something else");
        // A store that is behind what was seen of it either lags for a moment or was restored from the past: ask soon.
        if (message.Header is not null && message.Header.Revision + 1 < _next)
        {
            _silence = DoubtfulSilence < _silence ? DoubtfulSilence : _silence;
        }
    }

    /// <summary>The next batch: whole revisions, or a progress notification.</summary>
    public async Task<WatchBatch> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var message = await ReadAsync(cancellationToken).ConfigureAwait(false);
            Check(message);
            _silence = _settings.WatchSilence;
            _held.AddRange(message.Events.Select(Event));
            if (message.Events.Count == 0 && !message.Created && !message.Fragment && _held.Count == 0)
            {
                return Progress(message.Header?.Revision ?? 0);
            }
            if (Complete(message.Fragment) is { } batch)
            {
                return batch;
            }
        }
    }

    /// <summary>Ends the watch at the server too.</summary>
    public async ValueTask DisposeAsync()
    {
        await _lostRegistration.DisposeAsync().ConfigureAwait(false);
        _stream.Abort();
        if (_pending is not null)
        {
            await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<WatchResponse> ReadAsync(CancellationToken cancellationToken)
    {
        var pending = _pending ??= _stream.ReadAsync();
        var asked = false;
        while (true)
        {
            try
            {
                var message = await pending.WaitAsync(asked ? _settings.WatchAnswer : _silence, _time, CancellationToken.None).ConfigureAwait(false);
                _pending = null;
                return message ?? throw Broken(new GrpcException(GrpcStatus.Unavailable, "etcd ended the watch"));
            }
            catch (TimeoutException) when (!pending.IsCompleted && !asked)
            {
                asked = true;
            }
            catch (TimeoutException e) when (!pending.IsCompleted)
            {
                throw Broken(new GrpcException(GrpcStatus.DeadlineExceeded, "the watch is silent and does not answer", e));
            }
            catch (TimeoutException)
            {
                continue;
            }
            catch (GrpcException e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Broken(_lost.IsCancellationRequested ? new GrpcException(GrpcStatus.Unavailable, "the member does not answer other calls", e) : e);
            }
            await AskForProgressAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AskForProgressAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() })
                .WaitAsync(_settings.WatchAnswer, _time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is GrpcException or TimeoutException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken(e as GrpcException ?? new GrpcException(GrpcStatus.DeadlineExceeded, "the connection takes nothing any more", e));
        }
    }

    /// <summary>Takes the events whose revision is complete. In a fragment the last revision may go on in the next message.</summary>
    private WatchBatch? Complete(bool moreFollows)
    {
        var count = moreFollows && _held.Count > 0 ? _held.FindIndex(one => one.ModRevision == _held[^1].ModRevision) : _held.Count;
        if (count <= 0)
        {
            return null;
        }
        var events = _held.GetRange(0, count);
        _held.RemoveRange(0, count);
        // Not the header's revision: while it catches up, etcd sends batches whose header is already at "now" (L7).
        _next = Math.Max(_next, events[^1].ModRevision + 1);
        return new WatchBatch(events, _next);
    }

    /// <summary>
    /// An answer to a progress request. What it vouches for is taken over only with the next one, because etcd before 3.4.25 and 3.5.8 may send it
    /// ahead of events that it covers (etcd issue 15220).
    /// </summary>
    private WatchBatch Progress(long revision)
    {
        if (revision + 1 < _next)
            throw new StoreCompactedException(0, $"etcd at {_endpoint} is at revision {revision}, before revision {_next - 1} that was seen: its history is another one. List again.");
        _next = Math.Max(_next, _progress + 1);
        _progress = revision;
        return new WatchBatch([], _next);
    }

    private void Check(WatchResponse message)
    {
        if (message.CompactRevision > 0)
            throw new StoreCompactedException(message.CompactRevision);
        if (!message.Canceled)
        {
            return;
        }
        var reason = message.CancelReason.Length == 0 ? "etcd cancelled the watch" : message.CancelReason;
        throw Broken(new GrpcException(CodeOf(reason), reason) { FromServer = true });
    }

    private StoreException Broken(GrpcException failure)
    {
        if (EtcdErrors.Kind(failure) is StoreFailure.Unreachable or StoreFailure.NoLeader)
        {
            _avoid(_endpoint);
        }
        return EtcdErrors.Store(EtcdCall.Watch, _key, _endpoint.ToString(), failure);
    }

    /// <summary>A cancel reason is Go's text of a status: "rpc error: code = PermissionDenied desc = ...".</summary>
    private static GrpcStatus CodeOf(string reason)
    {
        const string mark = "code = ";
        var start = reason.IndexOf(mark, StringComparison.Ordinal);
        var word = start < 0 ? "" : reason[(start + mark.Length)..].Split(' ', 2)[0];
        return Enum.TryParse<GrpcStatus>(word, out var code) ? code : GrpcStatus.Unknown;
    }

    private static StoreEvent Event(Event one) => one.Type == Wire.Event.Types.EventType.Delete
        ? new StoreEvent.Deleted(one.Kv.Key.ToStringUtf8(), one.Kv.ModRevision)
        : new StoreEvent.Put(EtcdStore.Key(one.Kv));
}
