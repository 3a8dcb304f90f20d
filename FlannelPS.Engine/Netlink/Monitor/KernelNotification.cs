namespace FlannelPS.Engine.Netlink;

/// <summary>What the kernel tells of a change that somebody made.</summary>
public abstract record KernelNotification
{
    private KernelNotification() { }

    /// <summary>A device is new, different or gone.</summary>
    public sealed record LinkChanged(Link Link, bool Removed) : KernelNotification;

    /// <summary>An address is new, different or gone.</summary>
    public sealed record AddressChanged(InterfaceAddress Address, bool Removed) : KernelNotification;

    /// <summary>A route is new, different or gone. The kernel does not tell of IPv4 routes that go with their device.</summary>
    public sealed record RouteChanged(Route Route, bool Removed) : KernelNotification;

    /// <summary>A nexthop object is new, different or gone.</summary>
    public sealed record NexthopChanged(Nexthop Nexthop, bool Removed) : KernelNotification;

    /// <summary>A neighbour is new, different or gone.</summary>
    public sealed record NeighborChanged(Neighbor Neighbor, bool Removed) : KernelNotification;

    /// <summary>An entry of a device's own FDB is new, different or gone.</summary>
    public sealed record FdbChanged(FdbEntry Entry, bool Removed) : KernelNotification;

    /// <summary>Notifications were lost (ENOBUFS): only a dump tells how things stand.</summary>
    public sealed record Overrun : KernelNotification;
}
