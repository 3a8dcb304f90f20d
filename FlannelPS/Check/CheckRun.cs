using System.Diagnostics;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Checks;

/// <summary>Runs checks over facts.</summary>
internal static class CheckRun
{
    /// <summary>What one check found; a check that cannot look is skipped with the reason, never passed.</summary>
    /// <param name="check">The check.</param>
    /// <param name="facts">What it judges by.</param>
    /// <param name="node">Whose result it is.</param>
    public static IReadOnlyList<FlannelCheckResult> Run(Check check, CheckFacts facts, string node)
    {
        var clock = Stopwatch.StartNew();
        List<Finding> findings;
        try
        {
            findings = [.. check.Judge(facts)];
            if (findings.Count == 0)
                findings = [Finding.Skip("There is nothing to look at.")];
        }
        catch (Exception e) when (e is FactsMissingException or NetlinkException or FileException or IOException or UnauthorizedAccessException)
        {
            findings = [Finding.Skip(e.Message)];
        }
        return [.. findings.Select(finding => Result(check.About, finding, node, clock.Elapsed))];
    }

    /// <summary>A finding as what is told.</summary>
    public static FlannelCheckResult Result(FlannelCheck check, Finding finding, string node, TimeSpan duration)
        => new(check.Name, check.Category, finding.Status, finding.Evidence, finding.Cause, finding.Remedy, finding.Target, node, duration);
}
