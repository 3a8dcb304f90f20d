using System.Net;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>Leads the tunnel's own packets through the input and output rules.</summary>
internal sealed class TunnelRuleCheck() : Check("TunnelRule", CheckCategory.Firewall, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether a firewall rule or policy of this host drops the tunnel's UDP packets; named by table, chain and position.", RequiresRoot)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host, rules, port) = (facts.Network, facts.Host, facts.Firewall, facts.TunnelPort);
        if (port == 0)
            return [Finding.Skip($"The backend {network.Backend} sends no packets of its own.")];
        if (host.Selection?.Interface is not { Address: { } own } chosen)
            return [Finding.Skip("No interface towards other hosts is known.")];
        var peer = facts.Scope == FlannelCheckScope.Node ? facts.Node.Peers.Objects().Select(one => one.Address("publicIp")).FirstOrDefault(one => one is not null) : null;
        var other = peer ?? IPAddress.Parse("192.0.2.1");    // any other host
        var target = $"UDP {port}";
        var found = new[]
        {
            (Way: $"from other hosts to {target}", Packet: new FirewallPacket("input", other, own, chosen.Link.Name, "", "udp", port)),
            (Way: $"to {target} of other hosts", Packet: new FirewallPacket("output", own, other, "", chosen.Link.Name, "udp", port)),
        }.Select(way => (way.Way, Chain: way.Packet.Hook.ToUpperInvariant(), Obstacle: FirewallWalk.Find(rules, way.Packet))).Where(way => way.Obstacle is not null)
            .Select(way => new Finding(way.Obstacle!.IsSure ? FlannelTestStatus.Fail : FlannelTestStatus.Warn,
                $"{(way.Obstacle.IsSure ? "" : "It may be that ")}{way.Obstacle.Where} ({way.Obstacle.Rule}) {(way.Obstacle.Verdict == FirewallVerdict.Reject ? "rejects" : "drops")} what comes or goes {way.Way}.",
                "This host's firewall has no hole for the tunnel.", $"Accept {target} before it, such as: iptables -I {way.Chain} -p udp --dport {port} -j ACCEPT.", way.Obstacle.Where)).ToList();
        return found.Count > 0 ? found
            : rules.Problem.Length > 0 ? [Finding.Skip($"Not all rules could be read: {rules.Problem}")]
            : [Finding.Pass($"No rule of this host drops {target}.", target)];
    }
}
