using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    /// <summary>linux/time.h.</summary>
    internal const int CLOCK_BOOTTIME = 7;

    /// <summary>clock_gettime(2), time.h.</summary>
    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int ClockGetTime(int clock, out TimeSpec time);
}

/// <summary>struct timespec, time.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    public nint tv_sec;
    public nint tv_nsec;
}
