using FlannelPS.Engine.Backends;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

/// <summary>Makes a tunnel device be there, as it should be: adopted where it fits, corrected in place where it can be, made anew where it cannot; a vxlan device always with the same MAC.</summary>
/// <param name="socket">The kernel.</param>
/// <param name="logger">Takes what an operator acts on.</param>
/// <param name="tunnels">Keeps the tunnel behind a TUN device; null where there can be none.</param>
/// <param name="txChecksum">Whether vxlan devices leave transmit checksums to what is below them; null to leave that as it is.</param>
internal sealed class DeviceKeeper(RouteSocket socket, ILogger logger, TunnelKeeper? tunnels = null, bool? txChecksum = null)
{
    /// <summary>Keeps the tunnel behind a TUN device; null where there can be none.</summary>
    public TunnelKeeper? Tunnels => tunnels;

    /// <summary>A device that stands.</summary>
    /// <param name="Index">Its interface index.</param>
    /// <param name="Address">Its link-layer address.</param>
    /// <param name="Changed">Whether anything had to be done.</param>
    internal readonly record struct Kept(int Index, MacAddress Address, bool Changed);

    /// <summary>Ensures a device.</summary>
    /// <param name="wanted">How it should be.</param>
    /// <param name="address">Its link-layer address; null to keep what a device of that name has.</param>
    /// <param name="fallback">The link-layer address where there is no such device.</param>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    /// <exception cref="DeviceException">A device of that name is none of ours.</exception>
    public Kept Ensure(DesiredDevice wanted, MacAddress? address, MacAddress fallback)
    {
        if (wanted.Vxlan is not { } vxlan)
        {
            var kept = (tunnels ?? throw new InvalidOperationException("There is nobody to keep a tunnel.")).Ensure(wanted, socket);
            return kept with { Changed = DeviceSettings.Ensure(wanted.Name, isV6: false) | kept.Changed };
        }
        var link = socket.FindLink(wanted.Name);
        if (link is not null && link.Kind != "vxlan")
            throw new DeviceException($"{wanted.Name} exists and is no vxlan device but {(link.Kind.Length == 0 ? "hardware" : link.Kind)}. Rename or remove it, or choose another VNI");
        var mac = address ?? (link?.Address is { IsUnicast: true } own ? own : fallback);
        var changed = false;
        if (link is not null && Difference(vxlan, link.Vxlan) is { } difference)
        {
            changed = TryMove(link, vxlan);
            if (changed)
                logger.DeviceMoved(wanted.Name, difference);
            else
            {
                logger.DeviceReplaced(wanted.Name, difference);
                socket.Execute(LinkRequest.Delete(link.Index));
                link = null;
            }
        }
        if (link is null)
        {
            link = TakeBack(wanted.Name, vxlan, mac);
            changed = link is not null;
        }
        if (link is null)
        {
            // Renamed by somebody, it would keep the VNI from us.
            if (socket.DumpLinks().FirstOrDefault(other => other.Kind == "vxlan" && other.Address == mac && Difference(vxlan, other.Vxlan) is null) is { } renamed)
            {
                logger.DeviceReplaced(wanted.Name, $"the name {renamed.Name}");
                socket.Execute(LinkRequest.Delete(renamed.Index));
            }
            Create(wanted, mac, vxlan);
            link = socket.FindLink(wanted.Name) ?? throw new DeviceException($"{wanted.Name} was made and is gone again. Something on this host removes it");
            logger.DeviceMade(wanted.Name, link.Mtu, mac);
            EnsureOffload(wanted.Name);
            DeviceSettings.Ensure(wanted.Name, vxlan.Local?.AddressFamily == AddressFamily.InterNetworkV6);
            return new(link.Index, mac, true);
        }

        if (link.Mtu != wanted.Mtu)
        {
            socket.Execute(LinkRequest.SetMtu(link.Index, wanted.Mtu));
            logger.DeviceCorrected(wanted.Name, "MTU", link.Mtu.ToString(), wanted.Mtu.ToString());
            changed = true;
        }
        if (link.Address != mac)
        {
            socket.Execute(LinkRequest.SetAddress(link.Index, mac));
            logger.DeviceCorrected(wanted.Name, "MAC", link.Address.ToString() ?? "none", mac.ToString());
            changed = true;
        }
        changed |= EnsureOffload(wanted.Name) | DeviceSettings.Ensure(wanted.Name, vxlan.Local?.AddressFamily == AddressFamily.InterNetworkV6);
        return new(link.Index, mac, changed);
    }

    /// <summary>The kernel tells of a change of features as of any other of the device, so that this is looked at again then.</summary>
    private bool EnsureOffload(string name)
    {
        if (txChecksum is not { } wanted || Ethtool.TxChecksum(name) == wanted)
            return false;
        Ethtool.SetTxChecksum(name, wanted);
        logger.DeviceCorrected(name, "transmit checksum offload", wanted ? "off" : "on", wanted ? "on" : "off");
        return true;
    }

    private void Create(DesiredDevice wanted, MacAddress mac, VxlanInfo vxlan)
    {
        try
        {
            socket.Execute(LinkRequest.CreateVxlan(wanted.Name, wanted.Mtu, mac, vxlan, txQueueLength: 0));
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENODEV && socket.FindLink(vxlan.LowerIndex) is null)
        {
            throw new DeviceException($"{wanted.Name} waits for the interface below it, which is gone");
        }
    }

    /// <summary>The host's address or interface changed (F42): the device is moved with all that stands on it, where the kernel can.</summary>
    private bool TryMove(Link link, VxlanInfo vxlan)
    {
        if (link.Vxlan is not { } present || vxlan.Local is not { } local || present.Local?.AddressFamily != local.AddressFamily
            || Difference(vxlan with { LowerIndex = present.LowerIndex, Local = present.Local }, present) is not null)
            return false;
        try
        {
            socket.Execute(LinkRequest.MoveVxlan(link.Index, vxlan.LowerIndex, local));
        }
        catch (NetlinkException)
        {
            return false;
        }
        return Difference(vxlan, socket.FindLink(link.Index)?.Vxlan) is null;
    }

    /// <summary>Our device under another name: with its VNI and port taken, none could be made beside it (F41).</summary>
    private Link? TakeBack(string name, VxlanInfo vxlan, MacAddress mac)
    {
        if (socket.DumpLinks().Find(other => other.Kind == "vxlan" && other.Address == mac && Difference(vxlan, other.Vxlan) is null) is not { } renamed)
            return null;
        try
        {
            socket.Execute(LinkRequest.SetName(renamed.Index, name));
        }
        catch (NetlinkException e) when (e.Errno == Errno.EBUSY)
        {
            // Before Linux 6.2 only a device that is down: its routes go, and come again with this round.
            socket.Execute(LinkRequest.SetDown(renamed.Index));
            socket.Execute(LinkRequest.SetName(renamed.Index, name));
        }
        logger.DeviceCorrected(name, "name", renamed.Name, name);
        return socket.FindLink(name);
    }

    /// <summary>Gives a device its address, takes others of the overlay away, and sets it up.</summary>
    /// <returns>Whether anything had to be done.</returns>
    public bool EnsureAddress(int index, IPAddress address, IPNetwork network)
    {
        var wanted = new InterfaceAddress(index, address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128, 0, 0);
        var (found, changed) = (false, false);
        foreach (var present in socket.DumpAddresses(address.AddressFamily, index))
        {
            if (present.Address.Equals(address) && present.PrefixLength == wanted.PrefixLength)
                found = true;
            else if (address.AddressFamily == AddressFamily.InterNetwork ? network.Contains(present.Address) : !present.Address.IsIPv6LinkLocal)
            {
                socket.Execute(AddressRequest.Delete(present));
                changed = true;
            }
        }
        if (!found)
        {
            socket.Execute(AddressRequest.Replace(wanted));
            changed = true;
        }
        if (socket.FindLink(index) is { IsUp: false })
        {
            socket.Execute(LinkRequest.SetUp(index));
            changed = true;
        }
        return changed;
    }

    /// <summary>Why a device cannot be used as it is; null when it can.</summary>
    internal static string? Difference(VxlanInfo wanted, VxlanInfo? present)
    {
        if (present is null)
            return "it tells no vxlan properties";
        var port = wanted.Port == 0 ? Backends.Vxlan.VxlanBackend.KernelPort : wanted.Port;
        return wanted.Vni != present.Vni ? $"VNI {present.Vni} instead of {wanted.Vni}"
            : wanted.LowerIndex != present.LowerIndex ? "another underlying interface"
            : !Equals(wanted.Local, present.Local) ? $"local address {present.Local} instead of {wanted.Local}"
            : present.Group is not null ? $"a multicast group, {present.Group}"
            : port != present.Port ? $"port {present.Port} instead of {port}"
            : wanted.Gbp != present.Gbp ? "another GBP setting"
            : wanted.Learning != present.Learning ? "another learning setting"
            : present.L2Miss || present.L3Miss ? "miss notifications"
            : null;
    }
}

/// <summary>A device cannot be had. The message says why and what to do.</summary>
/// <param name="message">One line.</param>
public sealed class DeviceException(string message) : Exception(message);
