using System.ComponentModel;
using System.Diagnostics;

namespace FlannelPS.Lab;

/// <summary>What a command said.</summary>
/// <param name="Line">The command, for messages.</param>
/// <param name="ExitCode">Its exit code; 127 when there is no such program, 124 when it took too long.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record CommandResult(string Line, int ExitCode, string Output, string Error)
{
    /// <summary>Whether it ended with 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Throws when it did not end with 0.</summary>
    public CommandResult ThrowIfFailed() => Succeeded
        ? this
        : throw new InvalidOperationException($"{Line}: exit code {ExitCode}: {(Error.Length > 0 ? Error : Output).Trim()}");
}

/// <summary>Runs programs to their end; never through a shell.</summary>
public static class Command
{
    /// <summary>Runs a program in the namespace of the caller.</summary>
    public static CommandResult Run(string program, params IReadOnlyList<string> arguments)
    {
        try
        {
            return FinishAsync(Process.Start(Captured(program, arguments))!, program, arguments, TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
        }
        catch (Win32Exception missing)
        {
            return new(program, 127, "", missing.Message);
        }
    }

    /// <summary>Whether a program is on the path.</summary>
    public static bool IsThere(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    internal static ProcessStartInfo Captured(string program, IReadOnlyList<string> arguments) =>
        new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

    internal static async Task<CommandResult> FinishAsync(Process process, string program, IReadOnlyList<string> arguments, TimeSpan limit)
    {
        using (process)
        {
            string line = $"{program} {string.Join(' ', arguments)}";
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            using var late = new CancellationTokenSource(limit);
            try
            {
                await process.WaitForExitAsync(late.Token);
                return new(line, process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                return new(line, 124, await output, $"took longer than {limit.TotalSeconds} s and was killed; {await error}");
            }
        }
    }
}
