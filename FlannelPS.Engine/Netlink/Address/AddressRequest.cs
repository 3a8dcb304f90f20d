using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.IfAddrH;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;
using static FlannelPS.Engine.Netlink.Wire.RtnetlinkH;

namespace FlannelPS.Engine.Netlink;

/// <summary>A change to the addresses of a device.</summary>
public sealed record AddressRequest : NetlinkRequest
{
    private AddressRequest(InterfaceAddress address, ushort type, ushort flags) : base(type, flags) => Address = address;

    /// <summary>The address.</summary>
    public InterfaceAddress Address { get; }

    /// <summary>Adds it; EEXIST where it is there.</summary>
    public static AddressRequest Add(InterfaceAddress address) => new(address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>Adds it, or corrects flags and lifetime of the one that is there.</summary>
    public static AddressRequest Replace(InterfaceAddress address) => new(address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);

    /// <summary>Removes it.</summary>
    public static AddressRequest Delete(InterfaceAddress address) => new(address, RTM_DELADDR, 0);

    internal override int Device => Address.LinkIndex;

    internal override void Write(ref MessageWriter writer)
    {
        writer.Body(new IfAddrMsg
        {
            ifa_family = Family.Of(Address.Address),
            ifa_prefixlen = (byte)Address.PrefixLength,
            ifa_scope = Address.Scope,
            ifa_index = (uint)Address.LinkIndex,
        });
        writer.Address(IFA_LOCAL, Address.Address);
        // Without a peer the two are the same. A delete names the address alone: with a peer IFA_ADDRESS would be the peer's.
        if (IsDelete)
            return;
        writer.Address(IFA_ADDRESS, Address.Address);
        if (Address.Flags != 0)
            writer.UInt32(IFA_FLAGS, Address.Flags);
    }

    private protected override string Subject => $"{Address.Address}/{Address.PrefixLength}";
}
