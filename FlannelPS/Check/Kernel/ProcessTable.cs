using System.Globalization;

namespace FlannelPS.Checks;

/// <summary>Processes and their sockets, from /proc. What belongs to other users only root sees.</summary>
internal static class ProcessTable
{
    private const string SocketLink = "socket:[";

    /// <summary>The network namespace of a process; null where it is gone, or may not be looked at.</summary>
    public static string? NamespaceOf(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/net").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The processes of a name in a network namespace.</summary>
    public static IReadOnlyList<int> Named(string name, string space) => [.. All().Where(process => NameOf(process) == name && NamespaceOf(process) is { } its && its == space)];

    /// <summary>The UDP sockets of the calling thread's network namespace, and who holds them.</summary>
    /// <remarks>proc_net(5): the local address is hexadecimal, ADDRESS:PORT; the tenth field is the socket's inode.</remarks>
    public static IReadOnlyList<UdpUser> UdpUsers()
    {
        var ports = new List<(int Port, string Inode)>();
        foreach (var table in (string[])["udp", "udp6"])
        {
            var path = $"/proc/thread-self/net/{table}";
            if (File.Exists(path))
                ports.AddRange(Sockets(File.ReadLines(path)));
        }
        if (ports.Count == 0)
            return [];
        var wanted = ports.Select(port => port.Inode).ToHashSet();
        var holders = new Dictionary<string, int>();
        foreach (var process in All())
            foreach (var inode in SocketsOf(process).Where(wanted.Contains))
                holders.TryAdd(inode, process);
        return [.. ports.Select(port => holders.TryGetValue(port.Inode, out var process) ? new UdpUser(port.Port, process, NameOf(process)) : new UdpUser(port.Port, 0, ""))];
    }

    /// <summary>Ports and inodes of a table.</summary>
    internal static IEnumerable<(int Port, string Inode)> Sockets(IEnumerable<string> lines)
    {
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[1].LastIndexOf(':') is var colon and > 0 && int.TryParse(fields[1].AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
                yield return (port, fields[9]);
        }
    }

    private static IEnumerable<int> All()
        => Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), out var process) ? process : 0).Where(process => process > 0);

    private static string NameOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static List<string> SocketsOf(int process)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Select(entry => new FileInfo(entry).LinkTarget)
                .Where(target => target?.StartsWith(SocketLink, StringComparison.Ordinal) == true).Select(target => target![SocketLink.Length..^1])];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
