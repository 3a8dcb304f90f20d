namespace FlannelPS.Lab;

/// <summary>Removes what labs of dead processes left: namespaces with what runs in them, folders, state of the daemons.</summary>
public static class Leftovers
{
    /// <summary>Begins every name a lab makes; the process id of its maker follows.</summary>
    public const string Mark = "fpl";

    /// <summary>Where labs keep their files: in memory where that is possible, as /run is, so that nothing waits for a disk.</summary>
    internal static string Folder { get; } = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    /// <summary>Folders where a daemon keeps files under its instance name.</summary>
    private static readonly string[] StateFolders = ["/run/flannelps", "/var/lib/flannelps", "/etc/flannelps", "/var/log/flannelps"];

    /// <summary>Removes everything whose maker is no longer alive.</summary>
    public static void Sweep()
    {
        foreach (string name in NetworkNamespace.All().Where(IsOfTheDead).ToList())
        {
            NetworkNamespace.Remove(name);
        }

        foreach (string folder in Directory.EnumerateDirectories(Folder, Mark + "*").Where(path => IsOfTheDead(Path.GetFileName(path))).ToList())
        {
            Directory.Delete(folder, recursive: true);
        }

        RemoveState(IsOfTheDead);
    }

    /// <summary>Removes run and state files of daemons whose instance name fits.</summary>
    internal static void RemoveState(Predicate<string> fits)
    {
        foreach (string path in StateFolders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFileSystemEntries(folder)).ToList())
        {
            if (!fits(Path.GetFileNameWithoutExtension(path)))
            {
                continue;
            }

            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else
            {
                File.Delete(path);
            }
        }
    }

    private static bool IsOfTheDead(string name) =>
        name.StartsWith(Mark, StringComparison.Ordinal)
        && int.TryParse(name[Mark.Length..].Split('-')[0], out int maker)
        && !Directory.Exists($"/proc/{maker}");
}
