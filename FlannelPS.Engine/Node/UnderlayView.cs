using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>What one look at this host found: the interface to other hosts with all that backends need, or why there is none.</summary>
/// <param name="Interface">The interface; null for none.</param>
/// <param name="Facts">What backends need; null without an interface.</param>
/// <param name="Problem">Why there is none; empty when there is one.</param>
internal sealed record UnderlayView(ExternalInterface? Interface, NodeFacts? Facts, string Problem)
{
    /// <summary>Whether both say the same, so that there is nothing to follow.</summary>
    public bool IsSame(UnderlayView other)
        => Interface == other.Interface && Problem == other.Problem && (Facts is null ? other.Facts is null : other.Facts is not null && Facts.IsSame(other.Facts));

    /// <summary>What is different for traffic to other hosts, in words; empty for nothing, such as a carrier that came back.</summary>
    public static string Change(ExternalInterface was, ExternalInterface now)
    {
        var changes = new List<string>(4);
        if (was.Link.Name != now.Link.Name)
            changes.Add($"interface {was.Link.Name} to {now.Link.Name}");
        else if (was.Link.Index != now.Link.Index)
            changes.Add($"{now.Link.Name} was made anew");
        Tell("address", was.Address, now.Address);
        Tell("IPv6 address", was.AddressV6, now.AddressV6);
        Tell("MTU", was.Mtu, now.Mtu);
        return string.Join(", ", changes);

        void Tell(string what, object? before, object? after)
        {
            if (!Equals(before, after))
                changes.Add($"{what} {before ?? "none"} to {after ?? "none"}");
        }
    }

    /// <summary>Whether a notification may change the choice, or what is known of it. What containers come and go with does not.</summary>
    /// <param name="notification">What the kernel told.</param>
    /// <param name="used">The choice; null where there is none, and anything may bring one.</param>
    public static bool Concerns(KernelNotification notification, ExternalInterface? used)
        => notification switch
        {
            KernelNotification.LinkChanged(var link, _) => used is null || link.Index == used.Link.Index || link.Name == used.Link.Name,
            KernelNotification.AddressChanged(var address, _) => used is null || address.LinkIndex == used.Link.Index
                || address.Address.Equals(used.Address) || address.Address.Equals(used.AddressV6),
            // Default routes name the interface where nobody does; routes without a gateway tell what is on the link.
            KernelNotification.RouteChanged(var route, _) => route.Table == Route.RT_TABLE_MAIN && route.Protocol != Route.RTPROT_FLANNELPS
                && (route.Destination.PrefixLength == 0 || route.Gateway is null && (used is null || route.LinkIndex == used.Link.Index)),
            KernelNotification.Overrun => true,
            _ => false,
        };
}
