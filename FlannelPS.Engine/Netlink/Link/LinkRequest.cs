using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfLinkH;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to the devices.</summary>
public sealed partial record LinkRequest : NetlinkRequest
{
    private LinkRequest(int index, ushort type, ushort flags = 0) : base(type, flags) => Index = index;

    /// <summary>The device; 0 for one that is to be made.</summary>
    public int Index { get; }

    private string? Name { get; init; }
    private bool? Up { get; init; }
    private int? Mtu { get; init; }
    private MacAddress? Address { get; init; }
    private uint? TxQueueLength { get; init; }
    private VxlanInfo? Vxlan { get; init; }
    private (int Index, System.Net.IPAddress Local)? Lower { get; init; }

    /// <summary>Removes a device.</summary>
    public static LinkRequest Delete(int index) => new(index, RTM_DELLINK);

    /// <summary>Sets a device up.</summary>
    public static LinkRequest SetUp(int index) => new(index, RTM_SETLINK) { Up = true };

    /// <summary>Sets a device down: the kernel forgets its routes.</summary>
    public static LinkRequest SetDown(int index) => new(index, RTM_SETLINK) { Up = false };

    /// <summary>Sets the MTU, bytes.</summary>
    public static LinkRequest SetMtu(int index, int mtu) => new(index, RTM_SETLINK) { Mtu = mtu };

    /// <summary>Sets the link-layer address.</summary>
    public static LinkRequest SetAddress(int index, MacAddress address) => new(index, RTM_SETLINK) { Address = address };

    /// <summary>Renames a device; older kernels want it down (EBUSY).</summary>
    /// <exception cref="ArgumentException">The kernel would not take the name.</exception>
    public static LinkRequest SetName(int index, string name) => new(index, RTM_SETLINK) { Name = InterfaceName.Check(name) };

    /// <summary>Sets the queue length, packets.</summary>
    public static LinkRequest SetTxQueueLength(int index, uint length) => new(index, RTM_SETLINK) { TxQueueLength = length };

    internal override int Device => Index;

    internal override void Write(ref MessageWriter writer)
    {
        writer.Body(new IfInfoMsg
        {
            ifi_index = Index,
            ifi_flags = Up == true ? Link.IFF_UP : 0,
            ifi_change = Up is null ? 0 : Link.IFF_UP,
        });
        if (Name is not null)
            writer.Text(IFLA_IFNAME, Name);
        if (Mtu is { } mtu)
            writer.UInt32(IFLA_MTU, (uint)mtu);
        if (Address is { } address)
            writer.Mac(IFLA_ADDRESS, address);
        if (TxQueueLength is { } length)
            writer.UInt32(IFLA_TXQLEN, length);
        if (Vxlan is not null)
            Write(ref writer, Vxlan);
        if (Lower is { } lower)
            WriteMove(ref writer, lower.Index, lower.Local);
    }

    private protected override string Subject => string.Join(' ', new[]
    {
        Name is null ? null : $"name {Name}",
        Vxlan is null ? null : $"vxlan {Vxlan.Vni}",
        Lower is null ? null : $"vxlan local {Lower.Value.Local}",
        Up switch { true => "up", false => "down", null => null },
        Mtu is null ? null : $"mtu {Mtu}",
        Address is null ? null : $"address {Address}",
        TxQueueLength is null ? null : $"txqueuelen {TxQueueLength}",
    }.Where(part => part is not null).DefaultIfEmpty("link"));
}
