using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Ends the waiting of threads that sleep on descriptors.</summary>
/// <remarks>eventfd(2), poll(2).</remarks>
public sealed class StopEvent : IDisposable
{
    private readonly FileDescriptor _event = LibC.EventFd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK);
    private volatile bool _isSet;

    /// <summary>Whether it is time to end.</summary>
    public bool IsSet => _isSet;

    /// <summary>Says that it is.</summary>
    public void Set()
    {
        _isSet = true;
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        MemoryMarshal.Write(one, 1ul);
        _ = LibC.Write(_event, in one[0], sizeof(ulong));
    }

    /// <summary>Sleeps until a descriptor can be read, or has failed.</summary>
    /// <returns>False when it is time to end.</returns>
    public bool WaitToRead(FileDescriptor descriptor) => Wait(descriptor, LibC.POLLIN);

    /// <summary>Sleeps until a descriptor can be written to, or has failed.</summary>
    /// <returns>False when it is time to end.</returns>
    public bool WaitToWrite(FileDescriptor descriptor) => Wait(descriptor, LibC.POLLOUT);

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    private bool Wait(FileDescriptor descriptor, short events)
    {
        Span<PollFd> watched = [new() { fd = descriptor.Number, events = events }, new() { fd = _event.Number, events = LibC.POLLIN }];
        // EINTR is as good as an answer: the caller tries, and comes back.
        _ = LibC.Poll(ref watched[0], (nuint)watched.Length, timeoutMilliseconds: -1);
        return !_isSet;
    }
}
