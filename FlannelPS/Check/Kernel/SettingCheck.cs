using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>Kernel settings of one topic, judged by the rule by which a node tells its findings.</summary>
/// <param name="name">The topic.</param>
/// <param name="description">What it looks at.</param>
/// <param name="nothing">Why there may be none to judge.</param>
internal sealed class SettingCheck(string name, string description, string nothing) : Check(name, CheckCategory.Kernel, FlannelCheckScope.Host | FlannelCheckScope.Node, description)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (host, network) = (facts.Host, Network(facts));
        IPNetwork[] own = network?.Subnet is { } subnet ? [subnet] : [];
        var settings = HostSetting.Judge(path => host.Settings.GetValueOrDefault(path), WorkloadHost.Of(host.Objects, host.Selection?.Interface?.Link.Name ?? "", own, network?.IPv6Network is not null))
            .Where(setting => setting.Topic == About.Name).ToList();
        return settings.Count == 0 ? [Finding.Skip(nothing)] : settings.Select(setting => setting.Status switch
        {
            RuleStatus.Pass => Finding.Pass($"{setting.Name} {setting.State}.", setting.Name),
            RuleStatus.Skip => Finding.Skip($"{setting.Name} {setting.State}.", setting.Name),
            var status => new Finding(NodeVerdictCheck.Status(status), $"{setting.Name} {setting.State}.", $"{char.ToUpperInvariant(setting.Cause[0])}{setting.Cause[1..]}.", setting.Remedy, setting.Name),
        });
    }

    // Most is looked at also where no network is known yet.
    private static NetworkFacts? Network(CheckFacts facts)
    {
        try
        {
            return facts.Network;
        }
        catch (FactsMissingException)
        {
            return null;
        }
    }
}
