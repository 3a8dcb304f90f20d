using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>Whether the network collides with what this host has already: asked before anything is made, told while it runs (pain 23).</remarks>
public sealed partial class FlannelNode
{
    /// <summary>
    /// Waits, and makes nothing, as long as the network overlaps what is the host's own. A node that was in this network before goes on: what came since is told, as it is while it runs,
    /// and a restart makes no outage of it.
    /// </summary>
    private async Task AvoidOverlapAsync(RouteSocket socket, NetworkConfig config, IBackend backend, NodeFacts node, LeaseRequest request, Task<RangeResult> leases, CancellationToken cancellationToken)
    {
        if (request.Saved is not null && _state.ReadFootprint()?.Network == config.IPv4.Network.ToString())
            return;
        while (Overlap(socket, config, backend, node, OwnNetworks(request)) is { } overlap)
        {
            // A host that has lost its state knows its bridge by the lease only.
            if (await ReadAhead.TryAsync(leases).WaitAsync(cancellationToken).ConfigureAwait(false) is { } list
                && LeaseTable.Of(_keys.SubnetPrefix, list.Keys).Leases.Values.Where(lease => lease.Attributes.PublicIp.Equals(node.PublicIp)).Select(lease => lease.Subnet).ToList() is { Count: > 0 } mine)
            {
                overlap = Overlap(socket, config, backend, node, [.. OwnNetworks(request), .. mine.SelectMany(Networks)]);
                if (overlap is null)
                    return;
            }
            if (_settings.AllowOverlap)
            {
                _logger.OverlapAllowed(overlap);
                return;
            }
            Wait(NodePhase.Interface, $"{overlap}. Choose another Network in the configuration, take that away, or start with --allow-overlap");
            await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What overlaps, one line; null for nothing.</summary>
    private string? Overlap(RouteSocket socket, NetworkConfig config, IBackend backend, NodeFacts node, IReadOnlyCollection<IPNetwork> own)
        => Overlap(HostObjects.Read(socket, config.IPv6 is not null), config, backend, node, own);

    private string? Overlap(HostObjects host, NetworkConfig config, IBackend backend, NodeFacts node, IReadOnlyCollection<IPNetwork> own)
    {
        var found = host.Overlapping(config, DeviceNames(backend, node), own, OtherNetworks(config));
        return found.Count == 0 ? null
            : $"The network {config.IPv4.Network}{(config.IPv6 is { } v6 ? $" or {v6.Network}" : "")} overlaps what this host has already: {string.Join(", ", found.Take(4))}{(found.Count > 4 ? $" and {found.Count - 4} more" : "")}";
    }

    /// <summary>Networks of other instances here. One of the very same network that does not run is this one under an earlier name.</summary>
    private List<IPNetwork> OtherNetworks(NetworkConfig config)
        => [.. _state.ReadOthers()
            .Where(other => other.Footprint.Network != config.IPv4.Network.ToString() || _locks.IsHeld(other.Name))
            .SelectMany(other => new[] { other.Footprint.Network, other.Footprint.IPv6Network })
            .Where(text => text is not null && IPNetwork.TryParse(text, out _)).Select(text => IPNetwork.Parse(text!))];

    private List<IPNetwork> OwnNetworks(LeaseRequest request)
        => [.. new[] { request.Saved?.Subnet, request.Previous, _state.ReadFootprint() is { } footprint ? Subnet.ParseKey(footprint.Subnet) : null }.OfType<Subnet>().SelectMany(Networks)];

    private static IEnumerable<IPNetwork> Networks(Subnet subnet) => subnet.IPv6 is { } v6 ? [subnet.IPv4, v6] : [subnet.IPv4];
}
