using System.Net;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>Whether one interface of this host would be chosen for the traffic to other hosts.</summary>
public sealed class FlannelInterfaceMatch
{
    internal FlannelInterfaceMatch(InterfaceVerdict verdict)
    {
        Interface = verdict.Link.Name;
        IsChosen = verdict.IsChosen;
        IsUsable = verdict.IsUsable;
        Reason = verdict.Reason;
        (IPAddress, IPv6Address) = (verdict.Address, verdict.AddressV6);
        (PublicIP, PublicIPv6) = (verdict.PublicIp, verdict.PublicIpV6);
        Mtu = verdict.Link.Mtu;
        IsUp = verdict.Link.IsUp;
        Kind = (verdict.Link.Flags & Engine.Netlink.Link.IFF_LOOPBACK) != 0 ? "loopback" : verdict.Link.Kind;
    }

    /// <summary>The interface's name.</summary>
    public string Interface { get; }

    /// <summary>Whether it is the one that a node would use.</summary>
    public bool IsChosen { get; }

    /// <summary>Whether it could be used, if <c>-Interface</c> named it.</summary>
    public bool IsUsable { get; }

    /// <summary>Why it is chosen, or why not.</summary>
    public string Reason { get; }

    /// <summary>Its address that a node would use; null for none.</summary>
    public IPAddress? IPAddress { get; }

    /// <summary>Its IPv6 address that a node would use.</summary>
    public IPAddress? IPv6Address { get; }

    /// <summary>What a node would tell other hosts; null where it cannot be used.</summary>
    public IPAddress? PublicIP { get; }

    /// <summary>The same for IPv6, in a dual-stack network.</summary>
    public IPAddress? PublicIPv6 { get; }

    /// <summary>Its MTU, bytes; a tunnel's is smaller.</summary>
    public int Mtu { get; }

    /// <summary>Whether it is up.</summary>
    public bool IsUp { get; }

    /// <summary>Such as <c>veth</c>, <c>bridge</c> or <c>vxlan</c>; empty for hardware.</summary>
    public string Kind { get; }

    /// <summary>Its name.</summary>
    public override string ToString() => Interface;
}
