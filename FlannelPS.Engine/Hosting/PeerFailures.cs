using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>Which peers lack an object that could not be put, and why.</summary>
internal sealed class PeerFailures
{
    private readonly Dictionary<object, string> _failed;
    private readonly Overlay? _overlay;
    private readonly List<int> _devices;

    private PeerFailures(IReadOnlyList<FailedObject> failed, Overlay? overlay)
    {
        _failed = failed.ToDictionary(item => item.Key, item => item.Reason);
        _overlay = overlay;
        // The plan of one peer names its objects; the devices' indices are those of the failed ones.
        _devices = [.. _failed.Keys.Select(key => key switch { (int link, IPAddress _) => link, (int link, MacAddress _) => link, _ => 0 }).Where(link => link > 0).Distinct()];
    }

    /// <summary>Those of the last round.</summary>
    public static PeerFailures Of(NodeStatus status) => new(status.Reconcile.Failed, status.Overlay);

    /// <summary>Why a peer is not programmed as a whole; null where it is.</summary>
    public string? ReasonOf(Lease peer)
    {
        if (_failed.Count == 0)
            return null;
        if (_failed.TryGetValue(peer.Subnet.IPv4, out var reason) || peer.Subnet.IPv6 is { } v6 && _failed.TryGetValue(v6, out reason))
            return reason;
        foreach (var device in _devices)
        {
            var plan = _overlay!.Plan([peer], [device, device]);
            foreach (var key in plan.Neighbors.Keys.Cast<object>().Concat(plan.Fdb.Keys.Cast<object>()))
                if (_failed.TryGetValue(key, out reason))
                    return reason;
        }
        return null;
    }
}
