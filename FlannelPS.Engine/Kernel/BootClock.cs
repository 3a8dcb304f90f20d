namespace FlannelPS.Engine.Kernel;

/// <summary>Time since boot that goes on while the machine sleeps (CLOCK_BOOTTIME), and that no clock setting moves.</summary>
public static class BootClock
{
    /// <summary>Since boot.</summary>
    public static TimeSpan Elapsed
    {
        get
        {
            var failed = LibC.ClockGetTime(LibC.CLOCK_BOOTTIME, out var time) < 0;
            if (failed)
                throw new FileException("CLOCK_BOOTTIME cannot be read", LibC.LastErrno);
            return new(time.tv_sec * TimeSpan.TicksPerSecond + time.tv_nsec / 100);
        }
    }
}
