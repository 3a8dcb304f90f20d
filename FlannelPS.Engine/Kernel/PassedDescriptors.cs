using System.Globalization;

namespace FlannelPS.Engine.Kernel;

/// <summary>Descriptors that a service manager opened, or kept for us, before this process began.</summary>
/// <remarks>sd_listen_fds_with_names(3): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; they begin at 3.</remarks>
public static class PassedDescriptors
{
    private const int First = 3, Most = 64;

    /// <summary>Takes them, once: the variables are of no use to a child.</summary>
    /// <param name="environment">Value of a variable.</param>
    /// <param name="clear">Removes a variable.</param>
    /// <returns>By name; of two of one name the last.</returns>
    public static IReadOnlyDictionary<string, FileDescriptor> Take(Func<string, string?> environment, Action<string> clear)
    {
        var taken = new Dictionary<string, FileDescriptor>();
        var isOurs = environment("LISTEN_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var names = environment("LISTEN_FDNAMES")?.Split(':') ?? [];
        if (!isOurs || !int.TryParse(environment("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > Most)
            return taken;
        for (var i = 0; i < count; i++)
        {
            if (LibC.FileControl(First + i, LibC.F_SETFD, LibC.FD_CLOEXEC) < 0)
                continue;
            var name = i < names.Length ? names[i] : "unknown";
            if (taken.Remove(name, out var before))
                before.Dispose();
            taken[name] = new(First + i);
        }
        foreach (var variable in (string[])["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
            clear(variable);
        return taken;
    }
}
