using System.Diagnostics.CodeAnalysis;
using System.Net;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfLinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>Reads RTM_NEWLINK and RTM_DELLINK.</summary>
internal static class LinkMessage
{
    internal static bool TryParse(Message message, [MaybeNullWhen(false)] out Link link)
    {
        link = null;
        // A bridge says RTM_DELLINK with family AF_BRIDGE when a device leaves it: that device is still there.
        if (message.Type is not (RTM_NEWLINK or RTM_DELLINK) || !message.TryRead<IfInfoMsg>(out var body, out var attributes) || body.ifi_family != LibC.AF_UNSPEC)
            return false;
        var (name, kind, mtu, txQueueLength) = ("", "", 0, 0u);
        MacAddress? address = null;
        VxlanInfo? vxlan = null;
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case IFLA_IFNAME: name = AttributeValue.Text(value); break;
                case IFLA_MTU: mtu = AttributeValue.Int32(value); break;
                case IFLA_ADDRESS: address = AttributeValue.Mac(value); break;
                case IFLA_TXQLEN: txQueueLength = AttributeValue.UInt32(value); break;
                case IFLA_LINKINFO: (kind, vxlan) = ParseInfo(value); break;
            }
        }
        link = new(body.ifi_index, name, kind, body.ifi_flags, mtu, address, txQueueLength, vxlan);
        return true;
    }

    private static (string Kind, VxlanInfo? Vxlan) ParseInfo(ReadOnlySpan<byte> info)
    {
        var kind = "";
        ReadOnlySpan<byte> data = default;
        var attributes = new AttributeReader(info);
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case IFLA_INFO_KIND: kind = AttributeValue.Text(value); break;
                case IFLA_INFO_DATA: data = value; break;
            }
        }
        return (kind, kind == "vxlan" ? ParseVxlan(data) : null);
    }

    private static VxlanInfo ParseVxlan(ReadOnlySpan<byte> data)
    {
        var (vni, lowerIndex, port) = (0u, 0, (ushort)0);
        var (learning, gbp, l2Miss, l3Miss) = (false, false, false, false);
        IPAddress? local = null, group = null;
        var attributes = new AttributeReader(data);
        while (attributes.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case IFLA_VXLAN_ID: vni = AttributeValue.UInt32(value); break;
                case IFLA_VXLAN_LINK: lowerIndex = AttributeValue.Int32(value); break;
                case IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6: local = Given(value) ?? local; break;
                case IFLA_VXLAN_GROUP or IFLA_VXLAN_GROUP6: group = Given(value) ?? group; break;
                case IFLA_VXLAN_PORT: port = AttributeValue.UInt16BigEndian(value); break;
                case IFLA_VXLAN_LEARNING: learning = AttributeValue.Byte(value) != 0; break;
                case IFLA_VXLAN_GBP: gbp = true; break;
                case IFLA_VXLAN_L2MISS: l2Miss = AttributeValue.Byte(value) != 0; break;
                case IFLA_VXLAN_L3MISS: l3Miss = AttributeValue.Byte(value) != 0; break;
            }
        }
        return new(vni, lowerIndex, local, group, port, learning, gbp, l2Miss, l3Miss);
    }

    private static IPAddress? Given(ReadOnlySpan<byte> value)
        => AttributeValue.Address(value) is { } address && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : null;
}
