using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>A file descriptor that is closed once, and never while a call is using it.</summary>
public sealed class FileDescriptor : SafeHandle
{
    /// <summary>An empty one, for a call that returns a descriptor.</summary>
    public FileDescriptor() : base(-1, ownsHandle: true) { }

    /// <summary>Takes over a descriptor.</summary>
    public FileDescriptor(int descriptor) : this() => SetHandle(descriptor);

    // A call returns an int, of which only the lower half of the handle is set: its -1 is not the handle's -1.
    /// <inheritdoc/>
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>The number, for a path under /proc/self/fd or a struct that holds one; valid only while this is not disposed.</summary>
    internal int Number => (int)handle;

    // close(2) is not repeated on EINTR: Linux has released the descriptor by then.
    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.Close((int)handle) == 0;
}
