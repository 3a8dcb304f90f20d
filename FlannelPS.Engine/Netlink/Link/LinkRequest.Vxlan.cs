using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfLinkH;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial record LinkRequest
{
    /// <summary>Makes a vxlan device, down; EEXIST where the name is taken, or VNI and port are in use.</summary>
    /// <param name="name">1 to 15 bytes.</param>
    /// <param name="mtu">Bytes, without the outer headers.</param>
    /// <param name="address">Its MAC; null for one that the kernel draws.</param>
    /// <param name="vxlan">The rest; port 0 is the kernel's default, 8472.</param>
    /// <param name="txQueueLength">Packets; 0 for no queue.</param>
    /// <exception cref="ArgumentException">The kernel would not take the name.</exception>
    public static LinkRequest CreateVxlan(string name, int mtu, MacAddress? address, VxlanInfo vxlan, uint txQueueLength)
        => new(0, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL) { Name = InterfaceName.Check(name), Mtu = mtu, Address = address, TxQueueLength = txQueueLength, Vxlan = vxlan };

    /// <summary>Moves a vxlan device to another underlying interface and source address, with all that stands on it.</summary>
    /// <remarks>vxlan_changelink(), drivers/net/vxlan/vxlan_core.c: what is not sent stays as it is.</remarks>
    public static LinkRequest MoveVxlan(int index, int lowerIndex, System.Net.IPAddress local)
        => new(index, RTM_NEWLINK) { Lower = (lowerIndex, local) };

    private static void WriteMove(ref MessageWriter writer, int lowerIndex, System.Net.IPAddress local)
    {
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Text(IFLA_INFO_KIND, "vxlan");
        var data = writer.BeginNested(IFLA_INFO_DATA);
        writer.UInt32(IFLA_VXLAN_LINK, (uint)lowerIndex);
        writer.Address(local.AddressFamily == AddressFamily.InterNetworkV6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, local);
        writer.EndNested(data);
        writer.EndNested(info);
    }

    // What the original sends, also where it is the kernel's default; IFLA_VXLAN_UDP_CSUM stays away, so checksums are on.
    private static void Write(ref MessageWriter writer, VxlanInfo vxlan)
    {
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Text(IFLA_INFO_KIND, "vxlan");
        var data = writer.BeginNested(IFLA_INFO_DATA);
        writer.UInt32(IFLA_VXLAN_ID, vxlan.Vni);
        if (vxlan.LowerIndex != 0)
            writer.UInt32(IFLA_VXLAN_LINK, (uint)vxlan.LowerIndex);
        if (vxlan.Local is { } local)
            writer.Address(local.AddressFamily == AddressFamily.InterNetworkV6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, local);
        if (vxlan.Group is { } group)
            writer.Address(group.AddressFamily == AddressFamily.InterNetworkV6 ? IFLA_VXLAN_GROUP6 : IFLA_VXLAN_GROUP, group);
        writer.Byte(IFLA_VXLAN_TTL, 0);
        writer.Byte(IFLA_VXLAN_TOS, 0);
        writer.Bool(IFLA_VXLAN_LEARNING, vxlan.Learning);
        writer.Bool(IFLA_VXLAN_PROXY, false);
        writer.Bool(IFLA_VXLAN_RSC, false);
        writer.Bool(IFLA_VXLAN_L2MISS, vxlan.L2Miss);
        writer.Bool(IFLA_VXLAN_L3MISS, vxlan.L3Miss);
        writer.Bool(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, false);
        writer.Bool(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, false);
        if (vxlan.Gbp)
            writer.Flag(IFLA_VXLAN_GBP);
        if (vxlan.Port != 0)
            writer.UInt16BigEndian(IFLA_VXLAN_PORT, vxlan.Port);
        writer.EndNested(data);
        writer.EndNested(info);
    }
}
