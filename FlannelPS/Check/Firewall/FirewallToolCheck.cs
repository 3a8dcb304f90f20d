namespace FlannelPS.Checks;

/// <summary>Rules need a tool.</summary>
internal sealed class FirewallToolCheck() : Check("FirewallTool", CheckCategory.Firewall, FlannelCheckScope.Host, "Whether nft or iptables is there, for masquerading and forward rules.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => [facts.Host.Tools.Count > 0
            ? Finding.Pass($"There is {string.Join(" and ", facts.Host.Tools)}.")
            : Finding.Warn("Neither nft nor iptables is there.", "Masquerading and forward rules are made with one of them.", "Install the package nftables or iptables, or run the node without both.")];
}
