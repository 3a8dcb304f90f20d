using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Firewall;

/// <summary>A firewall program refused, or could not be run. The message says which, and why.</summary>
internal sealed class FirewallException(string message) : Exception(message);

/// <summary>One of the firewall's programs: found in fixed folders, started without a shell, and given a limited time.</summary>
internal sealed class FirewallProgram
{
    private const int MaxOutput = 64 << 20;
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

    /// <summary>nft takes what it takes; iptables waits for its lock for some of it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly string _path;

    private FirewallProgram(string path) => _path = path;

    /// <summary>Finds a program; null where it is not installed.</summary>
    public static FirewallProgram? Find(string name)
        => Folders.Select(folder => Path.Join(folder, name)).FirstOrDefault(IsExecutable) is { } path ? new(path) : null;

    /// <summary>Runs it to its end, on the calling thread and in its network namespace.</summary>
    /// <param name="input">What it reads.</param>
    /// <param name="arguments">What follows its name.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="FirewallException">It could not be run, took too long, or failed.</exception>
    public string Run(string input, params string[] arguments)
    {
        var variables = new Dictionary<string, string> { ["PATH"] = string.Join(':', Folders), ["LC_ALL"] = "C" };
        // Of our own environment, which may hold secrets, nothing is handed on but where iptables' lock is.
        if (Environment.GetEnvironmentVariable("XTABLES_LOCKFILE") is { } lockFile)
            variables["XTABLES_LOCKFILE"] = lockFile;
        try
        {
            var result = ProgramRun.Run(_path, arguments, variables, Encoding.UTF8.GetBytes(input), MaxOutput, Limit);
            return result.Ending switch
            {
                ProgramEnding.TooLong => throw new FirewallException($"{Describe(arguments)} printed more than {MaxOutput >> 20} MiB"),
                ProgramEnding.TooLate => throw new FirewallException($"{Describe(arguments)} did not end in {Limit.TotalSeconds} s"),
                _ => result.ExitCode == 0 ? Encoding.UTF8.GetString(result.Output)
                    : throw new FirewallException($"{Describe(arguments)} ended with {result.ExitCode}: {OneLine(Encoding.UTF8.GetString(result.Error))}"),
            };
        }
        catch (FileException e)
        {
            throw new FirewallException(e.Message);
        }
    }

    private string Describe(string[] arguments) => $"{Path.GetFileName(_path)} {string.Join(' ', arguments)}".TrimEnd();

    private static bool IsExecutable(string path)
    {
        try
        {
            return File.Exists(path) && (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string OneLine(string text)
        => string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line.Any(char.IsLetterOrDigit)).Take(3)) is { Length: > 0 } line
            ? line.Length > 400 ? line[..400] : line
            : "it says nothing";
}
