using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;

namespace FlannelPS.Engine.Netlink;

/// <summary>Hears what the kernel tells everybody in some multicast groups.</summary>
/// <remarks>
/// netlink(7). A thread of its own sleeps in poll(2); what is not read yet waits in the kernel's buffer, which bounds the memory, and a call tells when that
/// was too small.
/// </remarks>
internal sealed class MulticastListener : IDisposable
{
    private const int ReceiveLength = 32 << 10;
    private const int StackLength = 256 << 10;

    /// <summary>Takes one message, which is only valid during the call.</summary>
    internal delegate void Receiver(Message message);

    private readonly Receiver _received;
    private readonly Action _lost;
    private readonly NetlinkSocket _socket;
    private readonly FileDescriptor _stop;
    private readonly Thread _reader;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _buffer = new byte[ReceiveLength];
    private volatile bool _stopping;

    /// <summary>Starts to listen in the network namespace of the calling thread: what changes after this returned is told.</summary>
    /// <param name="protocol">NETLINK_ROUTE or another.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="receiveBuffer">Bytes.</param>
    /// <param name="received">Called on the listener's thread, one at a time; must not wait, or messages are lost.</param>
    /// <param name="lost">Called there when messages were lost (ENOBUFS): only a dump tells how things stand.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    internal MulticastListener(int protocol, int[] groups, int receiveBuffer, Receiver received, Action lost)
    {
        (_received, _lost) = (received, lost);
        _socket = new(receiveBuffer, protocol);
        _stop = LibC.EventFd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK);
        try
        {
            if (_stop.IsInvalid)
                throw new NetlinkException("eventfd", LibC.LastErrno, null);
            foreach (var group in groups)
            {
                var joined = _socket.TrySet(LibC.SOL_NETLINK, NetlinkH.NETLINK_ADD_MEMBERSHIP, group);
                var errno = joined ? 0 : LibC.LastErrno;
                // Before Linux 5.3 there are no nexthops, and nothing to tell of them.
                if (errno != 0 && !(protocol == NetlinkH.NETLINK_ROUTE && group == RtnetlinkH.RTNLGRP_NEXTHOP))
                    throw new NetlinkException($"NETLINK_ADD_MEMBERSHIP {group}", errno, null);
            }
        }
        catch
        {
            _socket.Dispose();
            _stop.Dispose();
            throw;
        }
        _reader = new(Run, StackLength) { IsBackground = true, Name = "netlink monitor" };
        _reader.Start();
    }

    /// <summary>Ends when the listener was disposed; faulted when the socket or a callback failed, and then nothing more is told.</summary>
    internal Task Completion => _completion.Task;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        one[0] = 1;
        _ = LibC.Write(_stop, in one[0], sizeof(ulong));
        if (Thread.CurrentThread == _reader)
            return;                                // its finalizer closes the eventfd: the thread still polls it
        _reader.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (WaitForInput())
                ReadAll();
            _completion.SetResult();
        }
        catch (Exception exception)
        {
            _completion.SetException(exception);
        }
        finally
        {
            _socket.Dispose();
        }
    }

    /// <summary>False when it is time to stop.</summary>
    private bool WaitForInput()
    {
        Span<PollFd> watched =
        [
            new() { fd = _socket.Descriptor.Number, events = LibC.POLLIN },
            new() { fd = _stop.Number, events = LibC.POLLIN },
        ];
        var ready = LibC.Poll(ref watched[0], (nuint)watched.Length, timeoutMilliseconds: -1);
        var errno = ready < 0 ? LibC.LastErrno : 0;
        if (errno is not (0 or Errno.EINTR))
            throw new NetlinkException("poll", errno, null);
        return !_stopping;
    }

    private void ReadAll()
    {
        while (!_stopping)
        {
            var errno = _socket.Receive(_buffer, out var length);
            if (errno == Errno.EAGAIN)
                return;
            if (errno is not (0 or Errno.ENOBUFS))
                throw new NetlinkException("receiving notifications", errno, null);
            if (errno == Errno.ENOBUFS || length > _buffer.Length)
                _lost();
            var messages = new MessageReader(_buffer.AsSpan(0, Math.Min(length, _buffer.Length)));
            while (!_stopping && messages.TryRead(out var message))
                _received(message);
        }
    }
}
