using System.Globalization;

namespace FlannelPS.Engine.Kernel;

/// <summary>Gives back the memory that only the start needed, or a burst: garbage, the allocator's spare pages, and parts of files that were mapped and are not looked at again.</summary>
public static class WorkingSet
{
    private const int MADV_DONTNEED = 4; // linux/mman.h

    /// <summary>Trims once. What is needed again comes back from the page cache, a minor fault a 64 KiB piece.</summary>
    public static void Trim()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = LibC.MallocTrim(0);
        try
        {
            DropFileParts();
        }
        catch (IOException)
        {
            // No descriptor left (F34): more memory for a while is all that comes of it.
        }
    }

    private static void DropFileParts()
    {
        (nuint Start, nuint End) mapping = default;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (char.IsAsciiHexDigitLower(line[0]))
                mapping = FilePart(line);
            // A page that was written, by relocation for example, is private memory by now, and would be lost: only parts without any are dropped.
            else if (mapping.End != 0 && line.StartsWith("Anonymous:", StringComparison.Ordinal) && line.EndsWith(" 0 kB", StringComparison.Ordinal))
                _ = LibC.MAdvise(mapping.Start, mapping.End - mapping.Start, MADV_DONTNEED);
        }
    }

    /// <summary>The addresses of a mapping that is part of a file and not writable; nothing for another.</summary>
    private static (nuint Start, nuint End) FilePart(string line)
    {
        // proc(5): 564ad38ae000-564ad3e79000 r-xp 00000000 fe:00 12345   /usr/sbin/flannelpsd
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 6 || fields[1] is not ("r-xp" or "r--p") || fields[5][0] != '/')
            return default;
        var dash = fields[0].IndexOf('-');
        return (Number(fields[0].AsSpan(0, dash)), Number(fields[0].AsSpan(dash + 1)));
    }

    private static nuint Number(ReadOnlySpan<char> text) => nuint.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
