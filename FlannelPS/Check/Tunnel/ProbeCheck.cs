using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>What the node's own probes say of each peer: it asks all the time, so a cut is known before anybody looks.</summary>
internal sealed class ProbeCheck() : Check("Probes", CheckCategory.Tunnel, FlannelCheckScope.Node, "Whether each peer answers the probes that the node sends through the tunnel all the time: reachable both ways, at the whole MTU, without loss.")
{
    private const int Most = 20;

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var node = facts.Node;
        if (node.Silence.Length > 0)
            throw new FactsMissingException("The node does not answer.");
        var probes = node.Status.Part("probes");
        if (!probes.Flag("on"))
            return [Finding.Skip("The node does not probe: it was started so (--probe=false).")];
        if (probes.Text("problem") is { } problem)
            return [Finding.Warn($"The node cannot probe its peers: {problem}.", "The kernel lets it send no echo requests.", "Run it with CAP_NET_RAW, as the unit of Register-FlannelService does; Test-FlannelConnectivity tries the way meanwhile.")];
        var asked = node.Peers.Objects().Select(peer => (Peer: peer, Reach: peer.Part("reach"))).Where(one => one.Reach.Text("state") is not null).ToList();
        var found = asked.Where(one => one.Reach.Text("state") is "OneWay" or "Unreachable" or "MtuLimited" or "Lossy").OrderByDescending(one => Rank(one.Reach)).Take(Most).Select(one => Judge(facts, one.Peer, one.Reach)).ToList();
        var open = asked.Count(one => one.Reach.Text("state") is "Unknown");
        return found.Count > 0 ? found
            : asked.Count == 0 ? [Finding.Skip("There is no peer that can be probed.")]
            : open == asked.Count ? [Finding.Skip("No probe was answered yet, and none was given up: the node has just started.")]
            : [Finding.Pass($"{asked.Count - open} of {asked.Count} peers answer the node's probes{(open > 0 ? "; the others are not known yet" : "")}.")];
    }

    private static Finding Judge(CheckFacts facts, JsonElement peer, JsonElement reach)
    {
        var (state, host, subnet) = (reach.Text("state")!, peer.Address("publicIp")?.ToString() ?? "the host", peer.Text("subnet") ?? "");
        var evidence = $"{state}: {reach.Text("reason") ?? "no reason was told"}.";
        var way = facts.Node.Network?.Backend is "host-gw" ? "The way between the hosts" : "The tunnel";
        var asking = $"Test-FlannelConnectivity -Subnet {subnet} -Detailed tells whether the host itself answers and what is said on the way; Test-FlannelNode -Detailed on {host} looks at its rules.";
        return state switch
        {
            "OneWay" => Finding.Fail(evidence, $"{way} is cut in one direction: what this host sends is dropped on the way or by {host}, and what comes from there arrives.", $"Look for a firewall, a security group or a route towards {host} that takes one direction only. {asking}", subnet),
            "Unreachable" => Finding.Fail(evidence, $"{host} is down or its node was removed, or something between drops the tunnel's packets.", $"If the host is gone for good, Remove-FlannelLease {subnet}. {asking}", subnet),
            "MtuLimited" => Finding.Fail(evidence, "An MTU black hole: something between the hosts drops long packets and tells nobody.", $"Raise the MTU on the path to {host}, or set the backend's MTU to what passes on all hosts (Set-FlannelNetworkConfig). {asking}", subnet),
            _ => Finding.Warn(evidence, "Packets get lost between the hosts, or one of the two is overloaded.", $"Look at the counters of errors of the interfaces on the way to {host}. {asking}", subnet),
        };
    }

    private static int Rank(JsonElement reach) => Array.IndexOf(["Lossy", "MtuLimited", "Unreachable", "OneWay"], reach.Text("state"));
}
