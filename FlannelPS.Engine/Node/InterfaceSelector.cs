using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>Chooses the interface for traffic to other hosts.</summary>
/// <remarks>
/// The original's order: every <c>iface</c>, then every <c>iface-regex</c>, then <c>iface-can-reach</c>; without any of them the interface
/// that owns <c>public-ip</c>, else the default route's. The first that fits wins. A <c>public-ip</c> that no interface owns lies behind NAT: it is
/// told to other hosts, and the interface keeps its own address.
/// </remarks>
public static partial class InterfaceSelector
{
    /// <summary>Chooses. Pure but for <see cref="InterfaceFacts.Lookup"/>.</summary>
    /// <param name="options">What the operator said.</param>
    /// <param name="facts">What the kernel says.</param>
    /// <param name="dualStack">Whether an IPv6 address is needed beside the IPv4 one.</param>
    /// <param name="current">The choice so far, which is kept as long as it fits: its interface, and its addresses; null at a start.</param>
    public static InterfaceSelection Select(InterfaceOptions options, InterfaceFacts facts, bool dualStack, ExternalInterface? current = null)
    {
        List<string> rejected = [];
        foreach (var candidate in Ordered(current, options, facts, dualStack, rejected))
        {
            if (Fill(candidate, options, facts, dualStack, out var reason, current) is { } chosen)
                return new(chosen, rejected, InterfaceWarnings.Of(chosen, options, dualStack));
            rejected.Add($"{candidate.Why}: {reason}");
        }
        return new(null, rejected, []);
    }

    /// <summary>The interface in use comes first. Where none is named it is known by its address, which may have moved to a bridge over it, and then by its name.</summary>
    private static IEnumerable<Candidate> Ordered(ExternalInterface? current, InterfaceOptions options, InterfaceFacts facts, bool dualStack, List<string> rejected)
    {
        var candidates = Candidates(options, facts, dualStack, rejected);
        if (current is null)
            return candidates;
        if (IsNamed(options))
            return candidates.ToList().OrderByDescending(candidate => candidate.Link.Name == current.Link.Name);
        var stays = new List<Candidate>(2);
        if (current.Address is { } address && Owner(address, facts) is { } owner)
            stays.Add(new($"{address} on {owner.Name}", owner, null, null));
        if (facts.Links.FirstOrDefault(link => link.Name == current.Link.Name) is { } same)
            stays.Add(new(same.Name, same, null, null));
        return stays.Concat(candidates);
    }

    private static IEnumerable<Candidate> Candidates(InterfaceOptions options, InterfaceFacts facts, bool dualStack, List<string> rejected)
        => IsNamed(options) ? Named(options, facts, dualStack, rejected) : Unnamed(options, facts, dualStack, rejected);

    private static bool IsNamed(InterfaceOptions options) => options.Interfaces.Count + options.Patterns.Count > 0 || options.CanReach is not null;

    private static IEnumerable<Candidate> Named(InterfaceOptions options, InterfaceFacts facts, bool dualStack, List<string> rejected)
    {
        foreach (var text in options.Interfaces)
        {
            if (ByNameOrAddress(text, facts, dualStack) is { } found)
                yield return found;
            else if (!AddressText.TryParse(text, out var address))
                rejected.Add($"iface '{text}': no interface of that name (there are {List(facts)})");
            else if (address.AddressFamily == AddressFamily.InterNetworkV6 && !dualStack)
                rejected.Add($"iface '{text}': an IPv6 address, but the network is IPv4 only");
            else
                rejected.Add($"iface '{text}': no interface of that address (there are {List(facts)})");
        }
        foreach (var pattern in options.Patterns)
        {
            if (ByPattern(pattern, facts, dualStack, out var reason) is { } found)
                yield return found;
            else
                rejected.Add($"iface-regex '{pattern}': {reason}");
        }
        if (options.CanReach is { } destination)
        {
            if (ByLookup(destination, facts, dualStack, out var reason) is { } found)
                yield return found;
            else
                rejected.Add($"iface-can-reach {destination}: {reason}");
        }
    }

    private static IEnumerable<Candidate> Unnamed(InterfaceOptions options, InterfaceFacts facts, bool dualStack, List<string> rejected)
    {
        var owner = options.PublicIp is { } publicIp && Owner(publicIp, facts) is { } link
            ? new Candidate($"public-ip {publicIp} on {link.Name}", link, publicIp, null)
            : dualStack && options.PublicIpV6 is { } publicIpV6 && Owner(publicIpV6, facts) is { } linkV6
                ? new Candidate($"public-ipv6 {publicIpV6} on {linkV6.Name}", linkV6, null, publicIpV6)
                : null;
        if (owner is not null)
        {
            yield return owner;
            yield break;    // an address that is the host's own names its interface as iface does
        }
        var any = false;
        foreach (var candidate in DefaultRoutes(facts))
        {
            any = true;
            yield return candidate;
        }
        if (!any)
            rejected.Add($"default route: there is none for IPv4 in the main table (interfaces: {List(facts)})");
    }

    private static Candidate? ByNameOrAddress(string text, InterfaceFacts facts, bool dualStack)
    {
        if (!AddressText.TryParse(text, out var address))
            return facts.Links.FirstOrDefault(link => link.Name == text) is { } named ? new($"iface '{text}'", named, null, null) : null;
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !dualStack || Owner(address, facts) is not { } owner)
            return null;
        return new($"iface '{text}' on {owner.Name}", owner, OfFamily(address, AddressFamily.InterNetwork), OfFamily(address, AddressFamily.InterNetworkV6));
    }

    /// <summary>Addresses before names, and in a dual stack both families on one interface: what one interface matched never sticks to another.</summary>
    private static Candidate? ByPattern(string pattern, InterfaceFacts facts, bool dualStack, out string reason)
    {
        reason = $"matches no address and no name (there are {List(facts)})";
        try
        {
            var regex = new BoundedPattern(pattern);
            foreach (var link in facts.Links)
            {
                var match = AddressPreference.Usable(link, facts.Addresses, AddressFamily.InterNetwork).FirstOrDefault(Matches);
                var matchV6 = dualStack ? AddressPreference.Usable(link, facts.Addresses, AddressFamily.InterNetworkV6).FirstOrDefault(Matches) : null;
                if (match is not null && (matchV6 is not null || !dualStack))
                    return new($"iface-regex '{pattern}' on {link.Name}", link, match, matchV6);
            }
            return facts.Links.FirstOrDefault(link => regex.IsMatch(link.Name)) is { } named ? new($"iface-regex '{pattern}' on {named.Name}", named, null, null) : null;

            bool Matches(IPAddress address) => regex.IsMatch(address.ToString());
        }
        catch (RegexMatchTimeoutException)
        {
            reason = $"took longer than {BoundedPattern.Limit.TotalMilliseconds} ms to match; write it without nested repetition";
        }
        catch (RegexParseException error)
        {
            // Not its message: the native daemon carries no framework texts.
            reason = $"not a regular expression ({error.Error} at character {error.Offset})";
        }
        return null;
    }

    private static Candidate? ByLookup(IPAddress destination, InterfaceFacts facts, bool dualStack, out string reason)
    {
        reason = "an IPv6 address, but the network is IPv4 only";
        if (destination.AddressFamily == AddressFamily.InterNetworkV6 && !dualStack)
            return null;
        // The host's own address is "reached" by loopback; the interface that owns it is meant.
        if (Owner(destination, facts) is { } own)
            return new($"iface-can-reach {destination} (its own) on {own.Name}", own, OfFamily(destination, AddressFamily.InterNetwork), OfFamily(destination, AddressFamily.InterNetworkV6));
        reason = "the kernel has no route to it";
        if (facts.Lookup(destination) is not { } route || facts.Links.FirstOrDefault(link => link.Index == route.LinkIndex) is not { } found)
            return null;
        return new($"iface-can-reach {destination} by {found.Name}", found, OfFamily(route.Source, AddressFamily.InterNetwork), OfFamily(route.Source, AddressFamily.InterNetworkV6));
    }

    /// <summary>Default routes by metric; each path of a multipath one is a candidate of its own.</summary>
    private static IEnumerable<Candidate> DefaultRoutes(InterfaceFacts facts)
    {
        var routes = facts.Routes
            .Where(route => route.Destination.PrefixLength == 0 && route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork
                && route.Table == Route.RT_TABLE_MAIN && route.Type == Route.RTN_UNICAST)
            .OrderBy(route => route.Priority);
        foreach (var route in routes)
        {
            // A nexthop group has no device of its own; the kernel says which one it would take.
            var index = route.LinkIndex != 0 ? route.LinkIndex : facts.Lookup(Anywhere)?.LinkIndex ?? 0;
            if (facts.Links.FirstOrDefault(link => link.Index == index) is { } link)
                yield return new($"default route by {link.Name}", link, null, null);
        }
    }

    /// <summary>TEST-NET-3 (RFC 5737): never on a link, so its route is the default route.</summary>
    private static readonly IPAddress Anywhere = new([203, 0, 113, 1]);

    private static ExternalInterface? Fill(
        Candidate candidate, InterfaceOptions options, InterfaceFacts facts, bool dualStack, out string reason, ExternalInterface? current = null)
    {
        var link = candidate.Link;
        var address = candidate.Address ?? Best(AddressFamily.InterNetwork, current?.Address);
        var addressV6 = dualStack ? candidate.AddressV6 ?? Best(AddressFamily.InterNetworkV6, current?.AddressV6) : null;
        reason = address is null ? $"{link.Name} has no usable IPv4 address (loopback, multicast and deprecated ones are not used)"
            : dualStack && addressV6 is null ? $"{link.Name} has no usable IPv6 address, which a dual-stack network needs"
            : link.Mtu <= 0 ? $"{link.Name} has no MTU"
            : dualStack && options.PublicIpV6 is { } publicIpV6 && Owner(publicIpV6, facts) is { } other && other.Index != link.Index
                ? $"public-ipv6 {publicIpV6} is on {other.Name}; both families must be on one interface"
            : "";
        return reason.Length > 0 ? null
            : new(link, address, addressV6, options.PublicIp ?? address, dualStack ? options.PublicIpV6 ?? addressV6 : null, link.Mtu);

        // One that was added meanwhile is no reason to change, and a link-local one that is left is no address to move to.
        IPAddress? Best(AddressFamily family, IPAddress? inUse)
        {
            var usable = AddressPreference.Usable(link, facts.Addresses, family).ToList();
            if (inUse is not null && !AddressPreference.IsLinkLocal(inUse))
                usable.RemoveAll(AddressPreference.IsLinkLocal);
            return inUse is not null && usable.Contains(inUse) ? inUse : usable.FirstOrDefault();
        }
    }

    private static Link? Owner(IPAddress address, InterfaceFacts facts)
    {
        foreach (var own in facts.Addresses)
            if (own.Address.Equals(address))
                return facts.Links.FirstOrDefault(link => link.Index == own.LinkIndex);
        return null;
    }

    private static IPAddress? OfFamily(IPAddress? address, AddressFamily family) => address?.AddressFamily == family ? address : null;

    private static string List(InterfaceFacts facts)
        => facts.Links.Count == 0 ? "none" : string.Join(", ", facts.Links.Take(16).Select(link => link.Name)) + (facts.Links.Count > 16 ? ", ..." : "");

    private sealed record Candidate(string Why, Link Link, IPAddress? Address, IPAddress? AddressV6);
}
