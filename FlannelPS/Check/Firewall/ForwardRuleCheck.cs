using System.Net;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>Leads workloads' packets through the forward rules, both ways.</summary>
internal sealed class ForwardRuleCheck() : Check("ForwardRule", CheckCategory.Firewall, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether a firewall rule or policy drops what workloads send to other hosts, or get from them; named by table, chain and position.", RequiresRoot)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host, rules) = (facts.Network, facts.Host, facts.Firewall);
        var own = network.Subnet ?? AddressNumber.Network(network.Network.BaseAddress, Math.Min(32, network.Network.PrefixLength + 1));
        var peer = facts.Scope == FlannelCheckScope.Node ? facts.Node.Peers.Objects().Select(one => one.Network("subnet")).FirstOrDefault(one => one is not null) : null;
        // An address of the network that is not in our own subnet.
        var (here, there) = (Host(own.First() + 2), Host(peer is { } subnet ? subnet.First() + 2 : own.Contains(Host(network.Network.Last() - 1)) ? network.Network.First() + 2 : network.Network.Last() - 1));
        var tunnel = network.Devices.Count > 0 ? network.Devices[0] : network.Interface.Length > 0 ? network.Interface : null;
        var index = host.Addresses.Where(address => address.PrefixLength < 32 && own.Contains(address.Address)).Select(address => address.LinkIndex).FirstOrDefault();
        var bridge = host.Links.FirstOrDefault(link => link.Index == index && !network.Devices.Contains(link.Name))?.Name;
        var found = new[]
        {
            (Way: $"to other hosts ({here} to {there})", Packet: new FirewallPacket("forward", here, there, bridge, tunnel, "tcp", 0)),
            (Way: $"from other hosts ({there} to {here})", Packet: new FirewallPacket("forward", there, here, tunnel, bridge, "tcp", 0)),
        }.Select(way => (way.Way, Obstacle: FirewallWalk.Find(rules, way.Packet))).Where(way => way.Obstacle is not null).Select(way => Named(way.Way, way.Obstacle!, facts, network)).ToList();
        return found.Count > 0 ? found
            : rules.Problem.Length > 0 ? [Finding.Skip($"Not all rules could be read: {rules.Problem}")]
            : [Finding.Pass($"No forward rule drops packets of {network.Network}.")];

        static IPAddress Host(UInt128 number) => AddressNumber.ToAddress(number, System.Net.Sockets.AddressFamily.InterNetwork);
    }

    private static Finding Named(string way, FirewallWalk.Obstacle obstacle, CheckFacts facts, NetworkFacts network)
    {
        var evidence = $"{(obstacle.IsSure ? "" : "It may be that ")}{obstacle.Where} ({obstacle.Rule}) {(obstacle.Verdict == FirewallVerdict.Reject ? "rejects" : "drops")} what goes {way}.";
        var cause = "Docker, firewalld or an administrator's rules let no other traffic through this host.";
        var remedy = $"Accept the network before it: iptables -I FORWARD -s {network.Network} -j ACCEPT; iptables -I FORWARD -d {network.Network} -j ACCEPT; in a table of nftables the same by nft insert rule.";
        // A node that comes with rules of its own may mend it.
        return facts.Scope == FlannelCheckScope.Host || !obstacle.IsSure ? Finding.Warn(evidence, cause, remedy, obstacle.Where) : Finding.Fail(evidence, cause, remedy, obstacle.Where);
    }
}
