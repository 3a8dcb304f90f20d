using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <summary>The program that a service runs: the native daemon, or a PowerShell process around the same engine.</summary>
/// <param name="IsNative">Which of the two.</param>
/// <param name="Program">The daemon's installed copy, or PowerShell.</param>
internal sealed record ServiceHost(bool IsNative, string Program)
{
    private static readonly string ModulePath = Path.Combine(Path.GetDirectoryName(typeof(ServiceHost).Assembly.Location)!, "FlannelPS.psd1");

    /// <summary>The unit with it.</summary>
    public string Unit() => IsNative ? ServiceUnit.Native(Program) : ServiceUnit.PowerShell(Program, ModulePath);

    /// <summary>Arguments that make it do what flannelpsd does with these.</summary>
    public IEnumerable<string> Arguments(params string[] arguments)
        => IsNative ? arguments
            : ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command",
                $"Import-Module {Literal(ModulePath)}; exit [FlannelPS.NodeHost]::Run(@({string.Join(',', arguments.Select(Literal))}))"];

    /// <summary>The PowerShell that runs now.</summary>
    /// <exception cref="ServiceException">It has no program of its own.</exception>
    public static ServiceHost PowerShell(string? home)
    {
        var program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "pwsh" ? Environment.ProcessPath! : Path.Combine(home ?? "", "pwsh");
        return File.Exists(program) ? new(false, Path.GetFullPath(program))
            : throw new ServiceException($"there is no program pwsh beside this PowerShell ({program})");
    }

    /// <summary>The native daemon, as an installed copy.</summary>
    /// <exception cref="ServiceException">This machine cannot use it; the message says why.</exception>
    /// <exception cref="IOException">It cannot be copied.</exception>
    public static async Task<ServiceHost> InstallAsync(CancellationToken cancellationToken) => new(true, await NativeDaemon.InstallAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Removes copies of the daemon that no process runs, and the folder when none is left.</summary>
    public static void RemoveUnused()
    {
        if (!Directory.Exists(ServicePaths.Daemons))
            return;
        var running = Directory.EnumerateDirectories("/proc").Select(Executable).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var folder in Directory.EnumerateDirectories(ServicePaths.Daemons).Where(folder => !running.Contains(Path.Combine(folder, "flannelpsd"))))
        {
            AtomicFile.Delete(Path.Combine(folder, "flannelpsd"));
            RemoveIfEmpty(folder);
        }
        RemoveIfEmpty(ServicePaths.Daemons);
    }

    /// <summary>Removes a folder in which nothing is left.</summary>
    public static void RemoveIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private static string? Executable(string process)
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(process)[0]) ? new FileInfo($"{process}/exe").LinkTarget : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;    // it ended meanwhile, or is the kernel's
        }
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
