using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Backends.Vxlan;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What this node wants of the firewall, and what it remembers of what it has put there.</remarks>
public sealed partial class FlannelNode
{
    private FirewallKeeper NewFirewall(Overlay overlay)
    {
        var names = new FirewallNames(_settings.Firewall.Instance);
        var host = new HostFirewall(names, _state.ReadFootprint()?.Firewall ?? SavedFirewall.None, saved =>
        {
            SaveFootprint(footprint => footprint with { Firewall = saved });
            _saver.Completion.Wait();    // known before it stands: a crash leaves nothing that is not cleaned up
        });
        return new(RulesOf(_settings.Firewall, overlay, names), host, _settings.Firewall.Resync, _time, _logger, firewall => Publish(status => status with { Firewall = firewall }));
    }

    /// <summary>The rules of a node, with nobody as peer yet.</summary>
    internal static RuleSet RulesOf(FirewallSettings settings, Overlay overlay, FirewallNames names)
    {
        var devices = overlay.Backend.Devices(overlay.Node);
        var families = new List<FamilyRules> { Of(overlay.Config.IPv4.Network, overlay.Own.IPv4, 0) };
        if (overlay.Config.IPv6 is { } v6 && overlay.Own.IPv6 is { } own)
            families.Add(Of(v6.Network, own, 1));
        return new(names, families, overlay.Config.EnableNFTables);

        FamilyRules Of(IPNetwork network, IPNetwork subnet, int device)
            => new(network, subnet, settings.Masquerade ? new(settings.FullyRandom, settings.NoMasquerade) : null, settings.ForwardRules,
                // The udp backend knows its peers itself; what has no tunnel needs no guard.
                settings.StrictPeers && device < devices.Count && devices[device].Vxlan is { } vxlan
                    ? new(vxlan.Port == 0 ? VxlanBackend.KernelPort : vxlan.Port, vxlan.Vni, OwnPublic(overlay, network.BaseAddress.AddressFamily))
                    : null);
    }

    /// <summary>Behind a NAT that sends all its hosts out by one address, that may be what we are called ourselves. Where it is an address of this host, nobody outside has it.</summary>
    private static IPAddress[] OwnPublic(Overlay overlay, AddressFamily family)
    {
        var (advertised, local) = family == AddressFamily.InterNetwork ? (overlay.Node.PublicIp, overlay.Node.Address) : (overlay.Node.PublicIpV6, overlay.Node.AddressV6);
        return advertised is null || advertised.Equals(local) ? [] : [advertised];
    }
}
