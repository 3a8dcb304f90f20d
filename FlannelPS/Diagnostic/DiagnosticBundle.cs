using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace FlannelPS.Diagnostics;

/// <summary>Texts in one file, whose length is bounded.</summary>
internal static class DiagnosticBundle
{
    /// <summary>What the format takes for each entry beside its text, twice its name among it; more than it ever is.</summary>
    private const int Overhead = 512;

    /// <summary>Cuts the longest texts, all to one length, until all together take no more than they may. The others are left whole.</summary>
    /// <param name="entries">The texts.</param>
    /// <param name="maximum">Bytes.</param>
    public static (IReadOnlyList<DiagnosticEntry> Entries, IReadOnlyList<string> Cuts) Fit(IReadOnlyList<DiagnosticEntry> entries, long maximum)
    {
        var lengths = entries.Select(entry => (long)Encoding.UTF8.GetByteCount(entry.Text)).ToList();
        var most = Most(lengths, Math.Max(0, maximum - Overhead * (long)entries.Count));
        var fitting = new List<DiagnosticEntry>();
        var cuts = new List<string>();
        for (var i = 0; i < entries.Count; i++)
        {
            if (lengths[i] <= most)
            {
                fitting.Add(entries[i]);
                continue;
            }
            // Another ending: a program that reads such files is not to take half of one for a whole one.
            fitting.Add(entries[i] with { Path = entries[i].Path + ".cut", Text = Cut(entries[i].Text, (int)most, entries[i].KeepsEnd) });
            cuts.Add(string.Create(CultureInfo.InvariantCulture, $"{entries[i].Path}: the {(entries[i].KeepsEnd ? "last" : "first")} {most:n0} of {lengths[i]:n0} bytes, as {entries[i].Path}.cut"));
        }
        return (fitting, cuts);
    }

    /// <summary>The file's bytes. Each text is a file of mode 0600.</summary>
    /// <param name="entries">The texts, in order.</param>
    /// <param name="time">When they were read.</param>
    public static byte[] Zip(IEnumerable<DiagnosticEntry> entries, DateTimeOffset time)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                var file = archive.CreateEntry(entry.Path, CompressionLevel.Optimal);
                file.LastWriteTime = time;
                file.ExternalAttributes = 0x8180 << 16;    // S_IFREG, 0600
                using var writer = file.Open();
                writer.Write(Encoding.UTF8.GetBytes(entry.Text));
            }
        }
        return stream.ToArray();
    }

    /// <summary>The length to which the longest are cut, so that all of them fit; the longest one's where nothing is to be cut.</summary>
    private static long Most(List<long> lengths, long room)
    {
        var sorted = lengths.Order().ToList();
        for (var i = 0; i < sorted.Count; i++)
        {
            var share = room / (sorted.Count - i);
            if (sorted[i] > share)
                return share;
            room -= sorted[i];
        }
        return long.MaxValue;
    }

    private static string Cut(string text, int most, bool keepsEnd)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var start = keepsEnd ? bytes.Length - most : 0;
        var end = start + most;
        // Not within a character.
        while (start < end && (bytes[start] & 0xc0) == 0x80)
            start++;
        while (end > start && end < bytes.Length && (bytes[end] & 0xc0) == 0x80)
            end--;
        return Encoding.UTF8.GetString(bytes, start, end - start);
    }
}
