using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>A route that somebody else puts back again and again is left to them; whoever that is has to be stopped.</summary>
internal sealed class ContestedRouteCheck() : Check("ContestedRoute", CheckCategory.Kernel, FlannelCheckScope.Node, "Whether another program keeps a route of its own where a peer's belongs.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var contested = facts.Node.Peers.Objects().Where(peer => peer.Text("reason")?.Contains("contested", StringComparison.OrdinalIgnoreCase) == true).ToList();
        return contested.Count == 0
            ? [Finding.Pass("No route is contested.")]
            : contested.Select(peer => Finding.Fail($"{peer.Text("subnet")}: {peer.Text("reason")}.", "Another program on this host (a routing daemon, a network manager, a script) puts its route there again and again.",
                $"Find it with: ip monitor route. End it or teach it to leave {facts.Node.Network?.Network} alone; Repair-FlannelNode then takes the place back.", peer.Text("subnet") ?? ""));
    }
}
