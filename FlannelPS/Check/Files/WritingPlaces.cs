using FlannelPS.Engine.Kernel;

namespace FlannelPS.Checks;

/// <summary>Looks at the places where a node writes, without writing.</summary>
internal static class WritingPlaces
{
    /// <summary>The folders of a node, and its subnet file.</summary>
    public static IReadOnlyList<PlaceFacts> Read(string subnetFile)
        => [.. new[] { subnetFile, "/run/flannelps/", "/var/lib/flannelps/" }.Select(path => Look(path, File.Exists("/proc/self/mountinfo") ? File.ReadAllLines("/proc/self/mountinfo") : []))];

    private static PlaceFacts Look(string path, string[] mounts)
    {
        // What is missing is made; its parent must bear that.
        var folder = path.EndsWith('/') ? path.TrimEnd('/') : Path.GetDirectoryName(path) ?? "/";
        while (folder.Length > 1 && !Directory.Exists(folder) && !TextFile.IsThere(folder))
            folder = Path.GetDirectoryName(folder) ?? "/";
        try
        {
            using var directory = SafeDirectory.Open(folder, create: false);
            if (!path.EndsWith('/') && folder == Path.GetDirectoryName(path) && SafeDirectory.TryStatus(directory, Path.GetFileName(path), path) is { } status)
                SafeDirectory.CheckFile(status, path);
            if (IsReadOnly(folder, mounts))
                return new(path, $"{folder} is on a file system that is mounted read-only.", null);
            return new(path, "", Free(folder));
        }
        catch (FileRefusedException e)
        {
            return new(path, e.Message, null);
        }
        catch (FileException e)
        {
            return new(path, e.Message, null);
        }
    }

    /// <summary>Whether the mount that a folder lies on is read-only.</summary>
    /// <remarks>proc_pid_mountinfo(5): the fifth field is the mount point, the sixth its options; the last mount over a path counts.</remarks>
    internal static bool IsReadOnly(string folder, IReadOnlyList<string> mounts)
    {
        var (length, options) = (-1, "");
        foreach (var fields in mounts.Select(line => line.Split(' ')).Where(fields => fields.Length > 5))
        {
            var point = fields[4].Replace("\\040", " ", StringComparison.Ordinal);
            if ((point == "/" || folder == point || folder.StartsWith(point + "/", StringComparison.Ordinal)) && point.Length >= length)
                (length, options) = (point.Length, fields[5]);
        }
        return options.Split(',').Contains("ro");
    }

    private static long? Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
