using System.Buffers;
using System.Net.Sockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>
/// The control socket: one JSON object a line, <c>{"verb":"status"}</c> with <c>arguments</c> if need be, answered by <c>{"ok":true,"result":...}</c>
/// or <c>{"ok":false,"error":{"id":...,"message":...}}</c>.
/// </summary>
/// <remarks>
/// Mode 0600, or 0660 with a group whose members may only read. The kernel checks the mode when somebody connects, and we ask it who did: root and our own
/// user may write, anybody else reads, and only where a group was named.
/// </remarks>
public sealed class ControlServer : IAsyncDisposable
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 16 };
    private readonly uint? _group;
    private readonly ControlHandler _handler;
    private readonly ILogger _logger;
    private readonly ControlLimits _limits;
    private readonly Func<IReadOnlyList<FileDescriptor>>? _descriptors;
    private readonly LogThrottle _throttle;
    private readonly ConnectionLoop _loop;
    private int _readers;

    /// <summary>Listens.</summary>
    /// <param name="paths">Whose socket.</param>
    /// <param name="held">The instance's lock. Holding it is what allows to replace a socket file that is there.</param>
    /// <param name="group">Group that may read; null for none.</param>
    /// <param name="handler">Carries out the requests.</param>
    /// <param name="logger">For failures.</param>
    /// <param name="time">The clock.</param>
    /// <param name="descriptors">What a successor is given.</param>
    /// <exception cref="StartupException">The socket cannot be made.</exception>
    public ControlServer(
        InstancePaths paths, FileLock held, string? group, ControlHandler handler, ILogger logger, TimeProvider time, Func<IReadOnlyList<FileDescriptor>>? descriptors = null)
        : this(paths, held, group, handler, logger, time, ControlLimits.Default, descriptors)
    {
    }

    /// <summary>The same with other limits.</summary>
    internal ControlServer(InstancePaths paths, FileLock held, string? group, ControlHandler handler, ILogger logger, TimeProvider time, ControlLimits limits,
        Func<IReadOnlyList<FileDescriptor>>? descriptors = null)
    {
        ArgumentNullException.ThrowIfNull(held);
        _descriptors = descriptors;
        (_handler, _logger, _limits, _throttle) = (handler, logger, limits, new LogThrottle(time));
        var path = paths.Socket;
        if (Encoding.UTF8.GetByteCount(path) > SocketFile.MaxPathLength)
            throw new StartupException($"The control socket's path {path} is longer than {SocketFile.MaxPathLength} bytes.");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _group = group is null ? null : SystemGroup.Find(group) ?? throw new StartupException($"There is no group '{group}' for --socket-group. Make it, or name another.");
            SocketFile.RemoveStale(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            SocketFile.Protect(path, _group);
            listener.Listen(4 * limits.Connections);    // what waits behind it gets EAGAIN
        }
        catch (Exception error)
        {
            listener.Dispose();
            if (error is SocketException or IOException or UnauthorizedAccessException)
                throw new StartupException($"Cannot make the control socket {path}: {error.Message}", error);
            throw;
        }
        logger.ControlListening(path);
        _loop = new(listener, path, limits.Connections, ServeAsync, logger, time);
    }

    /// <summary>Ends all connections. The runtime removes the socket's file with the listener, so the lock has to be held until then.</summary>
    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task ServeAsync(Socket connection, CancellationToken stopping, CancellationToken abort)
    {
        var peer = PeerCredentials.Of(connection);
        var isWriter = peer.UserId == 0 || peer.UserId == LibC.GetEffectiveUserId();
        if (!isWriter && _group is null)
        {
            await RefuseAsync(connection, peer, new(ControlException.Denied, "Only root may use this socket."), abort).ConfigureAwait(false);
            return;
        }
        if (isWriter)
        {
            await RequestsAsync(connection, true, stopping, abort).ConfigureAwait(false);
            return;
        }
        try
        {
            if (Interlocked.Increment(ref _readers) > _limits.ReaderConnections)
                await RefuseAsync(connection, peer, new(ControlException.Busy, "Too many connections."), abort).ConfigureAwait(false);
            else
                await RequestsAsync(connection, false, stopping, abort).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private async Task RequestsAsync(Socket connection, bool isWriter, CancellationToken stopping, CancellationToken abort)
    {
        var reader = new LineReader(connection, _limits.RequestLength);
        while (true)
        {
            var open = true;
            var answer = new ArrayBufferWriter<byte>();
            IReadOnlyList<FileDescriptor> attached = [];
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(abort);
            try
            {
                ReadOnlyMemory<byte>? line;
                using (var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping))
                {
                    idle.CancelAfter(_limits.Idle);
                    line = await reader.ReadAsync(idle.Token).ConfigureAwait(false);
                }
                if (line is not { } request)
                    return;
                limit.CancelAfter(_limits.Answer);
                attached = await CarryOutAsync(request, isWriter, answer, limit.Token).ConfigureAwait(false);
            }
            catch (ControlException error)
            {
                answer.Clear();
                WriteError(answer, error);
                // Behind a request that is none, where the next one begins is anybody's guess.
                open = error.Id is not (ControlException.BadRequest or ControlException.TooLong);
            }
            answer.Write("\n"u8);
            await SendAsync(connection, answer.WrittenMemory, limit.Token, attached).ConfigureAwait(false);
            if (!open)
                return;
        }
    }

    /// <returns>Descriptors to send along.</returns>
    private async ValueTask<IReadOnlyList<FileDescriptor>> CarryOutAsync(ReadOnlyMemory<byte> request, bool isWriter, ArrayBufferWriter<byte> answer, CancellationToken cancellationToken)
    {
        using var document = ControlRequest.Parse(request, Reading, out var verb, out var arguments);
        if (!ControlVerbs.IsKnown(verb))
            throw new ControlException(ControlException.UnknownVerb, $"There is no verb '{ControlRequest.Shown(verb)}'.");
        if (ControlVerbs.IsWrite(verb) && !isWriter)
            throw new ControlException(ControlException.Denied, $"Only root may {verb}.");
        try
        {
            using var writer = new Utf8JsonWriter(answer, Writing);
            writer.WriteStartObject();
            writer.WriteBoolean("ok", true);
            writer.WritePropertyName("result");
            var before = writer.BytesCommitted + writer.BytesPending;
            await _handler(verb, arguments, isWriter, writer, cancellationToken).ConfigureAwait(false);
            if (writer.BytesCommitted + writer.BytesPending == before)
                writer.WriteNullValue();
            writer.WriteEndObject();
            writer.Flush();
            return verb == ControlVerbs.Handover ? _descriptors?.Invoke() ?? [] : [];
        }
        catch (Exception error) when (error is not (ControlException or OperationCanceledException))
        {
            // Whatever went wrong in there, the socket and the daemon go on.
            _logger.ControlRequestFailed(verb, error);
            throw new ControlException(ControlException.Failed, $"{verb} failed: {error.Message}");
        }
    }

    private async Task RefuseAsync(Socket connection, PeerCredentials peer, ControlException reason, CancellationToken abort)
    {
        if (_throttle.Allow($"{reason.Id} {peer.UserId}", out var suppressed))
            _logger.ControlRefused(peer.UserId, peer.ProcessId, reason.Message, suppressed);
        var answer = new ArrayBufferWriter<byte>();
        WriteError(answer, reason);
        answer.Write("\n"u8);
        await SendAsync(connection, answer.WrittenMemory, abort).ConfigureAwait(false);
    }

    private async Task SendAsync(Socket connection, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken, IReadOnlyList<FileDescriptor>? attached = null)
    {
        if (attached is { Count: > 0 })
            rest = rest[SendAttached(connection, rest.Span, attached)..];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_limits.Answer);
        while (rest.Length > 0)
            rest = rest[await connection.SendAsync(rest, limit.Token).ConfigureAwait(false)..];
    }

    private static int SendAttached(Socket connection, ReadOnlySpan<byte> answer, IReadOnlyList<FileDescriptor> attached)
    {
        try
        {
            return DescriptorPassing.Send(connection, answer, attached);
        }
        catch (Exception e) when (e is FileException or ObjectDisposedException)
        {
            return 0;    // the tunnel is being made anew: then the answer comes without it
        }
    }

    private static void WriteError(ArrayBufferWriter<byte> answer, ControlException error)
    {
        using var writer = new Utf8JsonWriter(answer, Writing);
        writer.WriteStartObject();
        writer.WriteBoolean("ok", false);
        writer.WriteStartObject("error");
        writer.WriteString("id", error.Id);
        writer.WriteString("message", error.Message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
