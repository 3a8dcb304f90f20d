using System.Net;

namespace FlannelPS.Engine.Netlink;

/// <summary>An address on a device.</summary>
/// <remarks>linux/if_addr.h, struct ifaddrmsg.</remarks>
/// <param name="LinkIndex">ifa_index.</param>
/// <param name="Address">IFA_LOCAL, or IFA_ADDRESS where there is none.</param>
/// <param name="PrefixLength">ifa_prefixlen, bits.</param>
/// <param name="Scope">ifa_scope (RT_SCOPE_UNIVERSE 0, RT_SCOPE_LINK 253, RT_SCOPE_HOST 254).</param>
/// <param name="Flags">IFA_FLAGS (IFA_F_PERMANENT, IFA_F_TEMPORARY, IFA_F_DEPRECATED, ...); 0 when adding.</param>
public readonly record struct InterfaceAddress(int LinkIndex, IPAddress Address, int PrefixLength, byte Scope, uint Flags);
