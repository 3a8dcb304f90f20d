using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Node;

/// <summary>Something on this host that hinders workloads, and that is not ours to change.</summary>
/// <param name="Subject">What it is about, such as a kernel setting.</param>
/// <param name="Problem">What is wrong, one line.</param>
/// <param name="Remedy">What to do.</param>
public sealed record HostFinding(string Subject, string Problem, string Remedy)
{
    /// <summary>Looks the kernel's settings through.</summary>
    internal static IEnumerable<HostFinding> OfSettings(Func<string, string?> read, WorkloadHost host)
        => HostSetting.Judge(read, host).Where(setting => setting.Status is RuleStatus.Fail or RuleStatus.Warn).Select(setting => new HostFinding(setting.Name, $"{setting.State}: {setting.Cause}", setting.Remedy));
}
