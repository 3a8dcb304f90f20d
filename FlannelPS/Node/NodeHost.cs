using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>flannelpsd inside a PowerShell process, for machines that the module has no native daemon for.</summary>
public static class NodeHost
{
    /// <summary>Runs a node with flannelpsd's own flags and the process's FLANNELD_ variables, until SIGTERM comes or it is stopped over its control socket.</summary>
    /// <param name="arguments">The flags.</param>
    /// <returns>The exit code: 0 after an orderly end, 1 when it could not run; the reason is on standard error.</returns>
    public static int Run(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return Program.Main(arguments).GetAwaiter().GetResult();
    }
}
