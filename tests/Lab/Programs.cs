namespace FlannelPS.Lab;

/// <summary>Where the programs under test are.</summary>
public static class Programs
{
    private const string BuiltDaemon = "out/FlannelPS/runtimes/linux-x64/native/flannelpsd";

    /// <summary>The native daemon: FLANNELPSD, else what the build made in the nearest folder above.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string Flannelpsd => FindFlannelpsd() ?? throw new InvalidOperationException("no flannelpsd: run ./build.sh build, or set FLANNELPSD");

    /// <summary>The original flanneld; null when FLANNELD is not set.</summary>
    public static string? Flanneld => Environment.GetEnvironmentVariable("FLANNELD") is { Length: > 0 } path ? path : null;

    /// <summary>The native daemon; null when there is none.</summary>
    public static string? FindFlannelpsd()
    {
        if (Environment.GetEnvironmentVariable("FLANNELPSD") is { Length: > 0 } path)
        {
            return path;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, BuiltDaemon);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
