namespace FlannelPS.Checks;

/// <summary>Rules for workloads on a bridge count only with br_netfilter.</summary>
internal sealed class BridgeFilterCheck() : Check("BridgeFilter", CheckCategory.Kernel, FlannelCheckScope.Host | FlannelCheckScope.Node, "Where there is a bridge: whether iptables sees what it carries (net.bridge.bridge-nf-call-iptables).")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        if (facts.Host.Links.FirstOrDefault(link => link.Kind == "bridge") is not { } bridge)
            return [Finding.Skip("There is no bridge on this host.")];
        return [facts.Host.Setting("net/bridge/bridge-nf-call-iptables") switch
        {
            1 => Finding.Pass("net.bridge.bridge-nf-call-iptables is 1.", bridge.Name),
            var value => Finding.Warn($"There is the bridge {bridge.Name}, and net.bridge.bridge-nf-call-iptables is {(value is null ? "not there (br_netfilter is not loaded)" : value.ToString())}.",
                "What workloads of one bridge send each other passes no iptables rule, so services and policies made of such rules do not hold there.",
                "Where they are used: modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1.", bridge.Name),
        }];
    }
}
