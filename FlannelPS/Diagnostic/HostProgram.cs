using System.Text;
using FlannelPS.Checks;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Diagnostics;

/// <summary>A program of the host that only shows something, run without a shell and with nothing of our environment, in the network namespace of the calling thread.</summary>
internal static class HostProgram
{
    private const int MaximumOutput = 64 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What it prints, as an entry.</summary>
    /// <param name="path">The entry's name.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="arguments">What follows it.</param>
    public static DiagnosticEntry Read(string path, string program, params string[] arguments)
    {
        var said = $"{program} {string.Join(' ', arguments)}";
        if (HostFactsReader.FindTool(program) is not { } file)
            return DiagnosticEntry.Missing(path, $"{program} is not installed");
        var variables = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LC_ALL"] = "C", ["SYSTEMD_COLORS"] = "0" };
        try
        {
            var result = ProgramRun.Run(file, arguments, variables, [], MaximumOutput, Patience);
            return result.Ending switch
            {
                ProgramEnding.TooLong => DiagnosticEntry.Missing(path, $"{said} printed more than {MaximumOutput >> 20} MiB"),
                ProgramEnding.TooLate => DiagnosticEntry.Missing(path, $"{said} did not end in {Patience.TotalSeconds} s"),
                _ => new DiagnosticEntry(path, Encoding.UTF8.GetString(result.Output))
                {
                    Problem = result.ExitCode == 0 ? "" : $"{said} ended with {result.ExitCode}: {Encoding.UTF8.GetString(result.Error).Trim().Split('\n')[0]}",
                },
            };
        }
        catch (FileException e)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }
}
