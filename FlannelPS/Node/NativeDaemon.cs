using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <summary>The native daemon that the module brings for this machine.</summary>
internal static class NativeDaemon
{
    private static readonly string ModuleFolder = Path.GetDirectoryName(typeof(NativeDaemon).Assembly.Location)!;

    /// <summary>The module's own file.</summary>
    /// <param name="problem">Why there is none for this machine; empty when there is.</param>
    public static string? Find(out string problem)
    {
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var isMusl = Directory.Exists("/lib") && Directory.EnumerateFiles("/lib", "ld-musl-*").Any();
        var path = Path.Combine(ModuleFolder, "runtimes", $"linux-{(isMusl ? "musl-" : "")}{architecture}", "native", "flannelpsd");
        problem = File.Exists(path) ? "" : $"the module has no native daemon for {(isMusl ? "musl on " : "")}{architecture} ({path})";
        return problem.Length == 0 ? path : null;
    }

    /// <summary>A file that can be executed: the module's own, or where an installer lost its mode the copy.</summary>
    /// <remarks>Installers other than PSResourceGet unpack without modes. The module's own folder is never changed: it may be another user's.</remarks>
    /// <exception cref="ServiceException">This machine cannot use it; the message says why.</exception>
    /// <exception cref="IOException">There is no place for the copy.</exception>
    public static async Task<string> ExecutableAsync(CancellationToken cancellationToken)
        => Find(out _) is { } path && (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0 ? path : await InstallAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Copies the daemon to a folder of root's that outlives the module, and tries it.</summary>
    /// <returns>The copy.</returns>
    /// <exception cref="ServiceException">This machine cannot use it; the message says why.</exception>
    /// <exception cref="IOException">It cannot be copied.</exception>
    public static async Task<string> InstallAsync(CancellationToken cancellationToken)
    {
        var source = Find(out var problem) ?? throw new ServiceException(problem);
        // Read once: what is checked is what is written.
        var bytes = await File.ReadAllBytesAsync(source, cancellationToken).ConfigureAwait(false);
        var listed = source + ".sha256";
        if (!File.Exists(listed))
            throw new ServiceException($"the daemon's checksum is missing ({listed})");
        if (!(await File.ReadAllTextAsync(listed, cancellationToken).ConfigureAwait(false)).StartsWith(Convert.ToHexString(SHA256.HashData(bytes)), StringComparison.OrdinalIgnoreCase))
            throw new ServiceException($"the daemon is not the one that was built with this module: {source} has another checksum than {listed}");
        AtomicFile.Write(ServicePaths.Daemon, bytes, TextFile.ProgramMode);
        var (code, output, error) = await ProcessRun.RunAsync(ServicePaths.Daemon, ["--version"], new Dictionary<string, string>(), cancellationToken).ConfigureAwait(false);
        // Such as "GLIBC_2.38 not found".
        return code == 0 ? ServicePaths.Daemon
            : throw new ServiceException($"the daemon does not run on this machine: {(error.Length > 0 ? error : output).Trim().ReplaceLineEndings(" ")}");
    }
}
