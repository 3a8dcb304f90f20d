using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    /// <summary>madvise(2), sys/mman.h. Advice that is not taken is no error.</summary>
    [LibraryImport("libc", EntryPoint = "madvise")]
    internal static partial int MAdvise(nuint address, nuint length, int advice);

    /// <summary>malloc_trim(3), malloc.h.</summary>
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    internal static partial int MallocTrim(nuint pad);
}
