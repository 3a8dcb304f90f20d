namespace FlannelPS.Engine.Kernel;

/// <summary>Named places where a test has the process killed as <c>kill -9</c> would, so that each half-done state is met and not only the likely ones.</summary>
/// <remarks>
/// For tests alone: FLANNELPS_KILL_POINT names the one place, read once at start; without it a place costs a comparison with null.
/// Who can set a variable of the process can also kill it, so it opens nothing.
/// </remarks>
internal static class KillPoint
{
    /// <summary>The store has granted an etcd lease, and no key stands on it yet.</summary>
    public const string Granted = "granted";

    /// <summary>Our key is written, and nobody on this host remembers it yet.</summary>
    public const string Leased = "leased";

    /// <summary>The device is there, without its address.</summary>
    public const string Device = "device";

    /// <summary>Half of a round's objects are in the kernel.</summary>
    public const string HalfRound = "half-round";

    /// <summary>The firewall's rules stand.</summary>
    public const string Ruled = "ruled";

    /// <summary>The kernel is programmed, and the subnet file not written.</summary>
    public const string BeforeFile = "before-file";

    /// <summary>A file's new content is beside it; the file's name follows, as in <c>temporary-file:subnet.env</c>.</summary>
    public const string TemporaryFile = "temporary-file";

    /// <summary>The store has renewed the lease, and we have not noted it.</summary>
    public const string Renewed = "renewed";

    /// <summary>The daemon was told to stop, and has begun to.</summary>
    public const string Stopping = "stopping";

    /// <summary>A clean-up has emptied the kernel, and done nothing else.</summary>
    public const string KernelCleaned = "kernel-cleaned";

    /// <summary>A clean-up has removed the subnet file too, and not yet the lease.</summary>
    public const string FileCleaned = "file-cleaned";

    /// <summary>A clean-up has removed a file of the state folder; its name follows, as in <c>state-cleaned:lease</c>.</summary>
    public const string StateCleaned = "state-cleaned";

    private static readonly string? Chosen = Environment.GetEnvironmentVariable("FLANNELPS_KILL_POINT");

    /// <summary>Whether a test waits for this place.</summary>
    public static bool IsChosen(string place) => Chosen is not null && Chosen == place;

    /// <summary>The place; where a test waits for it, the process ends here.</summary>
    public static void Pass(string place)
    {
        if (IsChosen(place))
            _ = LibC.Kill(Environment.ProcessId, LibC.SIGKILL);
    }

    /// <summary>The same for a place that many things pass.</summary>
    public static void Pass(string place, string which)
    {
        if (Chosen is not null && Chosen == $"{place}:{which}")
            Pass(Chosen);
    }
}
