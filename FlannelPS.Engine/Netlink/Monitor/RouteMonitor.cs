using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Tells of every change to devices, addresses, routes, nexthops, neighbours and FDB entries, whoever made it.</summary>
/// <remarks>rtnetlink(7) multicast groups. What was lost is told by <see cref="KernelNotification.Overrun"/>.</remarks>
public sealed class RouteMonitor : IDisposable
{
    private const int ReceiveBuffer = 8 << 20;

    private static readonly int[] Groups =
        [RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP];

    private readonly MulticastListener _listener;

    /// <summary>Starts to listen in the network namespace of the calling thread: what changes after this returned is told.</summary>
    /// <param name="notify">Called on the monitor's thread, one at a time; must not wait, or notifications overrun.</param>
    /// <param name="ownPort"><see cref="RouteSocket.PortId"/> of the socket whose own changes need not be told, where the kernel names the
    /// maker: of FDB entries and nexthops it may not.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public RouteMonitor(Action<KernelNotification> notify, uint ownPort = 0) : this(notify, ownPort, ReceiveBuffer) { }

    internal RouteMonitor(Action<KernelNotification> notify, uint ownPort, int receiveBuffer)
        => _listener = new(NetlinkH.NETLINK_ROUTE, Groups, receiveBuffer, message =>
        {
            if ((ownPort == 0 || message.Header.nlmsg_pid != ownPort) && Parse(message) is { } notification)
                notify(notification);
        }, () => notify(new KernelNotification.Overrun()));

    /// <summary>Ends when the monitor was disposed; faulted when the socket or the callback failed, and then nothing more is told.</summary>
    public Task Completion => _listener.Completion;

    /// <summary>Stops at once; afterwards the callback is not called again (called from the callback itself: after it returned).</summary>
    public void Dispose() => _listener.Dispose();

    internal static KernelNotification? Parse(Message message)
    {
        switch (message.Type)
        {
            case RTM_NEWLINK or RTM_DELLINK when LinkMessage.TryParse(message, out var link):
                return new KernelNotification.LinkChanged(link, message.Type == RTM_DELLINK);
            case RTM_NEWADDR or RTM_DELADDR when AddressMessage.TryParse(message, out var address):
                return new KernelNotification.AddressChanged(address, message.Type == RTM_DELADDR);
            case RTM_NEWROUTE or RTM_DELROUTE when RouteMessage.TryParse(message, out var route):
                return new KernelNotification.RouteChanged(route, message.Type == RTM_DELROUTE);
            case RTM_NEWNEXTHOP or RTM_DELNEXTHOP when NexthopMessage.TryParse(message, out var nexthop):
                return new KernelNotification.NexthopChanged(nexthop, message.Type == RTM_DELNEXTHOP);
            case RTM_NEWNEIGH or RTM_DELNEIGH when NeighborMessage.TryParse(message, out Neighbor neighbor):
                return new KernelNotification.NeighborChanged(neighbor, message.Type == RTM_DELNEIGH);
            case RTM_NEWNEIGH or RTM_DELNEIGH when NeighborMessage.TryParse(message, out FdbEntry entry):
                return new KernelNotification.FdbChanged(entry, message.Type == RTM_DELNEIGH);
            default:
                return null;
        }
    }
}
