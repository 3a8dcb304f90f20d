using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NeighbourH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Reads RTM_NEWNEIGH and RTM_DELNEIGH, which tell of neighbours, and with family AF_BRIDGE of FDB entries.</summary>
internal static class NeighborMessage
{
    /// <summary>An ARP or NDP entry; the MAC is zero while the kernel does not know it.</summary>
    internal static bool TryParse(Message message, out Neighbor neighbor)
    {
        neighbor = default;
        if (!TryRead(message, out var body, out var destination, out var mac) || !Family.TryGetLength(body.ndm_family, out _) || destination is null)
            return false;
        neighbor = new(body.ndm_ifindex, destination, mac ?? default, body.ndm_state);
        return true;
    }

    /// <summary>An entry of a device's own FDB that leads to a host; not the bridge's, and none without a destination.</summary>
    internal static bool TryParse(Message message, out FdbEntry entry)
    {
        entry = default;
        if (!TryRead(message, out var body, out var destination, out var mac) || body.ndm_family != LibC.AF_BRIDGE || (body.ndm_flags & NTF_SELF) == 0
            || destination is null || mac is null)
            return false;
        entry = new(body.ndm_ifindex, mac.Value, destination, body.ndm_state);
        return true;
    }

    private static bool TryRead(Message message, out NdMsg body, out IPAddress? destination, out MacAddress? mac)
    {
        (body, destination, mac) = (default, null, null);
        if (message.Type is not (RTM_NEWNEIGH or RTM_DELNEIGH) || !message.TryRead(out body, out var attributes))
            return false;
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case NDA_DST: destination = AttributeValue.Address(value); break;
                case NDA_LLADDR: mac = AttributeValue.Mac(value); break;
            }
        }
        return true;
    }
}
