using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>The calls into libc. Each failed one is followed, in the next line, by reading <see cref="LastErrno"/>.</summary>
internal static partial class LibC
{
    /// <summary>errno of the last call of this thread.</summary>
    internal static int LastErrno => Marshal.GetLastPInvokeError();

    /// <summary>close(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    /// <summary>read(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(FileDescriptor fd, ref byte buffer, nuint length);

    /// <summary>write(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(FileDescriptor fd, in byte buffer, nuint length);

    /// <summary>geteuid(2), unistd.h. Cannot fail.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint GetEffectiveUserId();
}
