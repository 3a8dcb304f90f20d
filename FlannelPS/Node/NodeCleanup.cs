using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Takes out of the host, and out of the store, what a node put there.</summary>
internal static class NodeCleanup
{
    /// <summary>Does it.</summary>
    /// <param name="settings">The node's name, and how it reaches its store.</param>
    /// <param name="tell">Told what was removed, a line each, on no particular thread.</param>
    /// <param name="warn">Told what stays although it should not, likewise.</param>
    /// <param name="cancellationToken">Checked before it begins: half a cleaning up would be worse than none.</param>
    /// <exception cref="StartupException">The node runs, or the kernel refuses; the message says which.</exception>
    public static async Task RunAsync(NodeSettings settings, Action<string> tell, Action<string> warn, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await SessionNode.CleanUpAsync(settings.Arguments("--cleanup"), settings.Variables, tell, warn).ConfigureAwait(false);
    }
}
