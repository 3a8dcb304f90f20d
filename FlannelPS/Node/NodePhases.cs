using System.Management.Automation;

namespace FlannelPS;

/// <summary>The phases of a start as a progress bar shows them.</summary>
internal static class NodePhases
{
    private static readonly string[] Order = ["Store", "Configuration", "Interface", "Device", "Lease", "Peers", "Running"];

    /// <summary>A bar that stands at a phase.</summary>
    /// <param name="activity">Its title.</param>
    /// <param name="phase">How far the node has come.</param>
    /// <param name="waiting">What the phase waits for; empty when it just takes its time.</param>
    public static ProgressRecord Progress(string activity, string phase, string waiting)
        => new(0, activity, waiting.Length > 0 ? $"{phase}: {waiting}" : phase.Length > 0 ? phase : "Starting the daemon")
        {
            PercentComplete = 100 * (Array.IndexOf(Order, phase) + 1) / (Order.Length + 1),
        };
}
