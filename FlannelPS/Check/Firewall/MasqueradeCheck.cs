using System.Net;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>Leads workloads' packets through the rules that give them another source: inside the network none may, outside one must where the node masquerades.</summary>
internal sealed class MasqueradeCheck() : Check("Masquerade", CheckCategory.Firewall, FlannelCheckScope.Node, "Whether packets between workloads keep their source, and those that leave the network are masqueraded by exactly one rule; named by table, chain and position.", RequiresRoot)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, rules, firewall) = (facts.Network, facts.Firewall, facts.Node.Status.Part("firewall"));
        if (network.Subnet is not { } own)
            return [Finding.Skip("This host has no subnet yet.")];
        var peer = facts.Node.Peers.Objects().Select(one => one.Network("subnet")).FirstOrDefault(one => one is not null) ?? network.Network;
        var (here, there, outside) = (Address(own.First() + 2), Address(peer == network.Network ? peer.Last() - 1 : peer.First() + 2), IPAddress.Parse("192.0.2.1"));
        var tunnel = network.Devices.Count > 0 ? network.Devices[0] : network.Interface;
        var lost = new[] { (Way: $"to other hosts' ({here} to {there})", Packet: new FirewallPacket("postrouting", here, there, null, tunnel, "tcp", 0)) }
            .Concat(facts.Node.Peers.Objects().Any() ? [(Way: $"from other hosts' ({there} to {here})", Packet: new FirewallPacket("postrouting", there, here, null, null, "tcp", 0))] : [])
            .SelectMany(way => FirewallWalk.Masquerading(rules, way.Packet).Select(rule => Finding.Fail($"{rule.Where} ({rule.Rule}) masquerades what goes from workloads {way.Way}.",
                "Workloads see the host's address in place of the one who speaks to them: policies and logs are wrong, and peers may drop the packets as spoofed. Docker's own masquerading of its bridge is the usual one.",
                "Let Docker masquerade nothing (--ip-masq=false; Export-FlannelDockerOption writes it), or take the rule away.", rule.Where))).ToList();
        if (lost.Count > 0)
            return lost;
        if (!firewall.Flag("masquerade"))
            return rules.Problem.Length > 0 ? [Finding.Skip($"Not all rules could be read: {rules.Problem}")] : [Finding.Pass("Packets between workloads keep their source; the node masquerades nothing.")];
        var leaving = FirewallWalk.Masquerading(rules, new("postrouting", here, outside, null, network.Interface, "tcp", 0));
        return leaving.Count switch
        {
            1 => [Finding.Pass($"Packets between workloads keep their source, and those that leave are masqueraded by {leaving[0].Where}.")],
            0 when rules.Problem.Length > 0 => [Finding.Skip($"Not all rules could be read: {rules.Problem}")],
            0 => [Finding.Fail($"No rule masquerades what goes from {here} to the outside.", "The node's rules are not there, or another rule lets the packets by before them.", "Repair-FlannelNode -Component Kernel puts them back; nft list ruleset shows what stands before them.")],
            var many => [Finding.Warn($"{many} rules masquerade what goes from {here} to the outside: {string.Join("; ", leaving.Select(rule => rule.Where))}.", "Rules of a predecessor (flanneld, Docker, a script) stand beside the node's; the first one decides.", "Take away those that are not the node's.", leaving[^1].Where)],
        };

        static IPAddress Address(UInt128 number) => AddressNumber.ToAddress(number, System.Net.Sockets.AddressFamily.InterNetwork);
    }
}
