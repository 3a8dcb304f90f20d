using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    /// <summary>Addresses of all devices or of one; none for a device that is gone.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public List<InterfaceAddress> DumpAddresses(AddressFamily? family = null, int linkIndex = 0)
    {
        var wanted = family is { } given ? Family.Of(given) : (byte)LibC.AF_UNSPEC;
        return Dump(RTM_GETADDR,
            (ref MessageWriter writer) => writer.Body(new IfAddrMsg { ifa_family = wanted, ifa_index = (uint)linkIndex }),
            (Message message, out InterfaceAddress address) => AddressMessage.TryParse(message, out address)
                && (linkIndex == 0 || address.LinkIndex == linkIndex) && (family is null || address.Address.AddressFamily == family),
            isFiltered: linkIndex != 0);
    }
}
