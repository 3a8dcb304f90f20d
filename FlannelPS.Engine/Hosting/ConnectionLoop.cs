using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Accepts connections and serves a bounded number of them at a time; one above that is refused at once, so a flood holds nothing.</summary>
internal sealed class ConnectionLoop : IAsyncDisposable
{
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromMilliseconds(500), AcceptPause = TimeSpan.FromMilliseconds(200);
    private readonly Socket _listener;
    private readonly string _name;
    private readonly int _limit;
    private readonly Func<Socket, CancellationToken, CancellationToken, Task> _serve;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly LogThrottle _throttle;
    private readonly CancellationTokenSource _stop = new(), _abort = new();
    private readonly HashSet<Task> _active = [];
    private readonly Task _loop;
    private int _disposed;

    /// <summary>Starts. The loop owns the listener.</summary>
    /// <param name="listener">Bound and listening.</param>
    /// <param name="name">For messages.</param>
    /// <param name="limit">Connections at a time.</param>
    /// <param name="serve">Serves one connection; the first token ends waiting for requests, the second, a little later, answers under way.</param>
    /// <param name="logger">For failures.</param>
    /// <param name="time">The clock.</param>
    public ConnectionLoop(
        Socket listener, string name, int limit, Func<Socket, CancellationToken, CancellationToken, Task> serve, ILogger logger, TimeProvider time)
    {
        (_listener, _name, _limit, _serve, _logger, _time, _throttle) = (listener, name, limit, serve, logger, time, new LogThrottle(time));
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>How many connections are open.</summary>
    public int Active
    {
        get
        {
            lock (_active)
                return _active.Count;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _abort.CancelAfter(AnswerGrace);
        Task[] active;
        lock (_active)
            active = [.. _active];
        await Task.WhenAll(active).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _abort.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                lock (_active)
                {
                    if (_active.Count >= _limit)
                    {
                        connection.Dispose();
                        continue;
                    }
                    var serving = Task.Run(() => ServeAsync(connection));
                    _active.Add(serving);
                    _ = serving.ContinueWith(Forget, TaskScheduler.Default);
                }
            }
            catch (SocketException error) when (!_stop.IsCancellationRequested)
            {
                // Out of descriptors, or the peer was gone again: neither may end the loop, nor make it spin.
                if (_throttle.Allow(_name, out _))
                    _logger.AcceptFailed(_name, error);
                await Task.Delay(AcceptPause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                await _serve(connection, _stop.Token, _abort.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The peer went away, or was too slow: its connection is all that ends.
            }
        }
    }

    private void Forget(Task served)
    {
        lock (_active)
            _active.Remove(served);
    }
}
