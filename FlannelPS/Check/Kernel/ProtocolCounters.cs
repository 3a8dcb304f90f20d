using System.Globalization;

namespace FlannelPS.Checks;

/// <summary>The kernel's counters of protocols, of the calling thread's network namespace.</summary>
internal static class ProtocolCounters
{
    /// <summary>Reads the UDP checksum errors; where there are any, twice, to see whether they grow.</summary>
    public static ChecksumFacts Watch(TimeSpan patience)
    {
        var first = Udp(Lines(), "InCsumErrors");
        if (first == 0 || patience == TimeSpan.Zero)
            return new(first, 0);
        Thread.Sleep(patience);
        var second = Udp(Lines(), "InCsumErrors");
        return new(second, second - first);
    }

    /// <summary>A counter of UDP by its name; 0 where the kernel has none of that name.</summary>
    /// <remarks>/proc/net/snmp: a line of names, and one of values below it.</remarks>
    internal static long Udp(IReadOnlyList<string> lines, string name)
    {
        var udp = lines.Where(line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        return udp is [var names, var values] && Array.IndexOf(names, name) is var index and > 0 && index < values.Length
            && long.TryParse(values[index], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }

    private static string[] Lines()
    {
        const string Path = "/proc/thread-self/net/snmp";
        return File.Exists(Path) ? File.ReadAllLines(Path) : [];
    }
}
