using System.Net;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfAddrH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Reads RTM_NEWADDR and RTM_DELADDR.</summary>
internal static class AddressMessage
{
    internal static bool TryParse(Message message, out InterfaceAddress address)
    {
        address = default;
        if (message.Type is not (RTM_NEWADDR or RTM_DELADDR) || !message.TryRead<IfAddrMsg>(out var body, out var attributes) || !Family.TryGetLength(body.ifa_family, out _))
            return false;
        IPAddress? local = null, peer = null;
        uint flags = body.ifa_flags;
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case IFA_LOCAL: local = AttributeValue.Address(value); break;
                case IFA_ADDRESS: peer = AttributeValue.Address(value); break;
                case IFA_FLAGS: flags = AttributeValue.UInt32(value); break;
            }
        }
        if ((local ?? peer) is not { } own)
            return false;
        address = new((int)body.ifa_index, own, body.ifa_prefixlen, body.ifa_scope, flags);
        return true;
    }
}
