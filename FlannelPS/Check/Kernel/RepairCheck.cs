namespace FlannelPS.Checks;

/// <summary>A node puts right what others change. One who changes it again and again has to be found.</summary>
internal sealed class RepairCheck() : Check("Repairs", CheckCategory.Kernel, FlannelCheckScope.Node, "Whether something on this host changes the node's devices, routes or rules again and again, so that the node has to put them right without end.")
{
    // One change may be an operator's. Each look of this check lasts a second.
    private const int Few = 2;

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var counters = facts.Counters;
        var found = new[]
        {
            Told(counters, NodeCounters.KernelRepairs, "devices, addresses, routes or neighbours", "ip monitor shows what is changed"),
            Told(counters, NodeCounters.FirewallRepairs, "firewall rules", "nft monitor shows what is changed"),
        }.OfType<Finding>().ToList();
        var before = counters.Total(NodeCounters.KernelRepairs, NodeCounters.FirewallRepairs);
        return found.Count > 0 ? found : [Finding.Pass(before == 0 ? "Nobody has changed what is the node's." : $"The node put {before} objects right since it started, and {(counters.Growth(NodeCounters.KernelRepairs) + counters.Growth(NodeCounters.FirewallRepairs) == 0 ? "none" : "no more than a few")} while it was looked.")];
    }

    private static Finding? Told(NodeCounters counters, string name, string what, string remedy)
        => counters.Growth(name) is > Few and var growth
            ? Finding.Warn($"The node put {growth} {what} right while it was looked, {counters.Total(name)} in all.", "A program on this host undoes the node's work again and again: a network manager, a firewall's daemon, a script, a second overlay.",
                $"{remedy}, and Get-FlannelEvent names examples; teach that program to leave the node's objects alone.", name) : null;
}
