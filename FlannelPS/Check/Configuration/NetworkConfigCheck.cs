using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>The network's configuration, rule by rule.</summary>
internal sealed class NetworkConfigCheck() : Check("NetworkConfig", CheckCategory.Configuration, FlannelCheckScope.Host, "Whether the store has a network configuration that can be used.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var store = facts.Store;
        if (store.Failure is not null)
            return [Finding.Skip("The store could not be read.", store.ConfigKey)];
        if (store.ConfigVerdicts.Count == 0)
            return [Finding.Fail($"There is no network configuration at {store.ConfigKey}.", "Nobody has written one yet, or the prefix is another network's.", "Write one with Set-FlannelNetworkConfig, or name the place with -Prefix.", store.ConfigKey)];
        var broken = store.ConfigVerdicts.Where(verdict => verdict.Status is RuleStatus.Fail or RuleStatus.Warn)
            .Select(verdict => new Finding(verdict.Status == RuleStatus.Fail ? FlannelTestStatus.Fail : FlannelTestStatus.Warn, $"{verdict.Rule}: {verdict.Message}.", "The configuration in the store says so.", verdict.Remedy, verdict.Rule)).ToList();
        return broken.Count > 0 ? broken : [Finding.Pass($"{store.Config!.IPv4.Network} with {store.Config.BackendType}.", store.ConfigKey)];
    }
}
