using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    /// <summary>linux/sched.h.</summary>
    internal const int CLONE_NEWNET = 0x40000000;

    /// <summary>setns(2), linux/sched.h.</summary>
    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNs(FileDescriptor fd, int namespaceType);
}
