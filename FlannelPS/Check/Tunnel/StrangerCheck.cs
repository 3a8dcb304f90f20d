namespace FlannelPS.Checks;

/// <summary>Packets that the tunnel drops because of who sent them, or what they say of their source (F70, F71, F74).</summary>
internal sealed class StrangerCheck() : Check("Strangers", CheckCategory.Tunnel, FlannelCheckScope.Node, "Whether somebody who is no peer sends into the tunnel, or a peer sends under an address that is not its own (spoofing): dropped and counted.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var counters = facts.Counters;
        var found = new[]
        {
            Told(counters, NodeCounters.Strangers, "packets of hosts without a lease", "A host that has no lease sends into the tunnel: one that was removed and still runs, one behind a NAT that shows it under another address, or somebody who should not.",
                "tcpdump on the interface to other hosts shows from where, at the tunnel's port: stop it there, or close the port to it. Behind a NAT: --strict-peers=false, or the right -PublicIP there."),
            Told(counters, NodeCounters.UnknownPeers, "datagrams from who is no peer", "A host that has no lease sends to the tunnel's port, or a peer's host from another port.",
                "tcpdump on the interface to other hosts shows from where, at the tunnel's port: stop it there, or close the port to it."),
            Told(counters, NodeCounters.Spoofed, "packets with a source outside their sender's subnet", "A peer's workloads use addresses that are not theirs (spoofing), or a peer masquerades nothing that leaves it for the overlay.",
                "tcpdump on the tunnel's device of the peers shows whose: find the workload, or look at the masquerading there (Test-FlannelNode -Detailed)."),
            Told(counters, NodeCounters.Foreign, "packets for a destination outside this host's subnet", "A peer believes a subnet here that is another host's: its list of leases is old, or somebody sends on purpose.",
                "Test-FlannelNode -Detailed on the peers: one that cannot follow the store has old leases."),
        }.OfType<Finding>().ToList();
        var before = counters.Total(NodeCounters.Strangers, NodeCounters.UnknownPeers, NodeCounters.Spoofed, NodeCounters.Foreign);
        return found.Count > 0 ? found : [Finding.Pass(before == 0 ? "Nothing was dropped for its sender." : $"Packets dropped for their sender: {before} since the node started, and none while it was looked.")];
    }

    private static Finding? Told(NodeCounters counters, string name, string what, string cause, string remedy)
        => counters.Growth(name) is > 0 and var growth ? Finding.Warn($"The tunnel dropped {growth} {what} while it was looked, {counters.Total(name)} in all.", cause, remedy, name) : null;
}
