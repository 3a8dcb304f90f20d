using System.ComponentModel;
using System.Diagnostics;

namespace FlannelPS;

/// <summary>systemd's own programs, run directly: no shell between, so no text of a user is read as a command.</summary>
internal static class Systemctl
{
    private static readonly string[] Places = ["/usr/bin/", "/bin/"];

    /// <summary>Why services cannot be had here; null when they can.</summary>
    /// <remarks>sd_booted(3).</remarks>
    public static string? Problem()
        => !Directory.Exists("/run/systemd/system") ? "systemd does not run this host (there is no /run/systemd/system)"
            : !Places.Any(folder => File.Exists(folder + "systemctl")) ? "systemctl is not installed"
            : null;

    /// <summary>Runs it.</summary>
    /// <exception cref="ServiceException">It could not, and says why.</exception>
    public static Task<string> RunAsync(CancellationToken cancellationToken, params string[] arguments)
        => RunAsync("systemctl", ["--no-pager", "--no-ask-password", .. arguments], cancellationToken);

    /// <summary>Runs systemd-run, which makes a unit for a command.</summary>
    /// <exception cref="ServiceException">It could not, and says why.</exception>
    public static Task<string> RunTransientAsync(CancellationToken cancellationToken, params string[] arguments) => RunAsync("systemd-run", ["--no-ask-password", .. arguments], cancellationToken);

    private static async Task<string> RunAsync(string name, string[] arguments, CancellationToken cancellationToken)
    {
        var program = Places.Select(folder => folder + name).FirstOrDefault(File.Exists) ?? Places[0] + name;
        var (code, output, error) = await ProcessRun.RunAsync(
            program, arguments, new Dictionary<string, string> { ["SYSTEMD_COLORS"] = "0", ["LC_ALL"] = "C" }, cancellationToken).ConfigureAwait(false);
        return code == 0 ? output
            : throw new ServiceException($"{name} {string.Join(' ', arguments.Where(argument => !argument.StartsWith('-')))} ended with {code}: {error.Trim().ReplaceLineEndings(" ")}");
    }
}

/// <summary>The service manager refused.</summary>
internal sealed class ServiceException(string message) : Exception(message);

/// <summary>Runs a program to its end.</summary>
internal static class ProcessRun
{
    /// <summary>Runs it, without a shell and without anything to read.</summary>
    /// <exception cref="ServiceException">It could not be started.</exception>
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new ServiceException($"{program} cannot be started: {e.Message}");
        }
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
