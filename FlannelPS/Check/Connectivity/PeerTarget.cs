using System.Net;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>Another host that is to be tried.</summary>
/// <param name="Node">The node that tries.</param>
/// <param name="Subnet">The other's subnet.</param>
/// <param name="PublicIp">Its address on the underlay.</param>
/// <param name="Backend">The network's backend.</param>
/// <param name="Address">An address of the other host in its subnet; null where the backend gives it none.</param>
/// <param name="Port">The tunnel's UDP port; 0 for none.</param>
/// <param name="Mtu">The tunnel's MTU, bytes.</param>
/// <param name="State">Programmed, Refused or Failed.</param>
/// <param name="Reason">Why it is not programmed.</param>
internal sealed record PeerTarget(string Node, IPNetwork Subnet, IPAddress? PublicIp, string Backend, IPAddress? Address, int Port, int? Mtu, string State, string Reason)
{
    /// <summary>What the node's own probes say of it, such as Reachable; empty without probes.</summary>
    public string Probed { get; init; } = "";

    /// <summary>The same in words; empty for what is well.</summary>
    public string ProbedReason { get; init; } = "";

    /// <summary>A node's peers.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="status">Its status.</param>
    /// <param name="peers">Its peers.</param>
    /// <param name="port">The tunnel's port.</param>
    public static IEnumerable<PeerTarget> Of(string node, JsonElement status, JsonElement peers, int port)
        => from peer in peers.Objects()
           let subnet = peer.Network("subnet")
           where subnet is not null
           select new PeerTarget(node, subnet.Value, peer.Address("publicIp"), status.Text("backend") ?? "", AddressOf(status.Text("backend"), subnet.Value), port,
               (int?)status.Number("mtu"), peer.Text("state") ?? "", peer.Text("reason") ?? "")
           {
               Probed = peer.Part("reach").Text("state") ?? "",
               ProbedReason = peer.Part("reach").Text("reason") ?? "",
           };

    // A tunnel's device has the subnet's first address; without a tunnel the workloads' bridge has the second, where there is one.
    private static IPAddress? AddressOf(string? backend, IPNetwork subnet)
        => backend switch
        {
            "vxlan" or "udp" => subnet.BaseAddress,
            "host-gw" => AddressNumber.ToAddress(subnet.First() + 1, subnet.BaseAddress.AddressFamily),
            _ => null,
        };
}
