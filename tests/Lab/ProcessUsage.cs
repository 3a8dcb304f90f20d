namespace FlannelPS.Lab;

/// <summary>What a process uses, from /proc.</summary>
/// <param name="ResidentBytes">VmRSS, in bytes.</param>
/// <param name="PeakResidentBytes">VmHWM, in bytes.</param>
/// <param name="CpuTime">User and system time so far, threads that have ended included; in steps of 10 ms.</param>
public sealed record ProcessUsage(long ResidentBytes, long PeakResidentBytes, TimeSpan CpuTime)
{
    /// <summary>Reads /proc of a process.</summary>
    public static ProcessUsage Of(int process)
    {
        string[] status = File.ReadAllLines($"/proc/{process}/status");

        // Fields 14 and 15 of proc(5) stat, counted behind the name, which may hold blanks.
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var cpu = TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11]) + long.Parse(fields[12])));
        return new(Kibibytes(status, "VmRSS:"), Kibibytes(status, "VmHWM:"), cpu);
    }

    private static long Kibibytes(string[] status, string field) =>
        1024 * long.Parse(status.First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
}
