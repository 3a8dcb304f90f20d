using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What this node has put on the host, remembered for the clean-up: each loop knows its own part of it.</remarks>
public sealed partial class FlannelNode
{
    private readonly object _footprintLock = new();
    private SavedFootprint? _footprint;

    private void SaveFootprint(Overlay overlay) => SaveFootprint(overlay.Config, overlay.Backend, overlay.Node, overlay.Own.ToKey(), []);

    /// <param name="config">The network.</param>
    /// <param name="backend">Its backend.</param>
    /// <param name="node">This host.</param>
    /// <param name="own">The key text of our subnet; empty before there is one.</param>
    /// <param name="former">Devices of an earlier configuration that stand still.</param>
    private void SaveFootprint(NetworkConfig config, IBackend backend, NodeFacts node, string own, IReadOnlyList<string> former)
        => SaveFootprint(before => new(
            config.IPv4.Network.ToString(), config.IPv4.SubnetLength, config.IPv6?.Network.ToString(), config.IPv6?.SubnetLength ?? 0,
            [.. DeviceNames(backend, node).Union(former)], node.LinkName, _settings.SubnetFile, own, NetworkNamespace.Current)
        {
            Firewall = before.Firewall,
        });

    private void SaveFootprint(Func<SavedFootprint, SavedFootprint> change)
    {
        lock (_footprintLock)
        {
            var footprint = _footprint = change(_footprint ?? _state.ReadFootprint() ?? SavedFootprint.None);
            _saver.Save("what is to be cleaned up", () => _state.SaveFootprint(footprint));
        }
    }

    /// <summary>Under another VNI, port or backend the devices of before are of no more use, and nobody else's (F43).</summary>
    private void RemoveFormerDevices(RouteSocket socket, SavedFootprint? former, Overlay overlay)
    {
        foreach (var name in (former?.Devices ?? []).Except(DeviceNames(overlay.Backend, overlay.Node)).Except(_state.ReadOthers().SelectMany(other => other.Footprint.Devices)).ToList())
        {
            try
            {
                _locks.TakeDevice(name);
                if (socket.FindLink(name) is { Kind: "vxlan" or "tun" } link)
                {
                    socket.Execute(LinkRequest.Delete(link.Index));
                    _logger.FormerDeviceRemoved(name);
                }
            }
            catch (Exception e) when (e is InstanceTakenException or NetlinkException)
            {
                // Another network's by now.
            }
        }
    }
}
