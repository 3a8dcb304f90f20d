using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>The conditions of rules that can be judged here; every other one is <see cref="Unknown"/>.</summary>
internal static class FirewallCondition
{
    /// <summary>About something that is not known.</summary>
    public static FirewallMatch Unknown(FirewallPacket packet) => FirewallMatch.Maybe;

    /// <summary>The source or destination lies in a network.</summary>
    public static FirewallMatch Inside(IPAddress address, string text)
    {
        var (from, to) = text.Split('-') is [var first, var last] ? (first, last) : (text, "");
        if (to.Length > 0)
            return IPAddress.TryParse(from, out var low) && IPAddress.TryParse(to, out var high) && low.AddressFamily == address.AddressFamily
                ? Known(address.ToNumber() >= low.ToNumber() && address.ToNumber() <= high.ToNumber()) : FirewallMatch.Maybe;
        var slash = text.IndexOf('/');
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var network))
            return FirewallMatch.Maybe;
        if (network.AddressFamily != address.AddressFamily)
            return FirewallMatch.No;
        var bits = AddressNumber.Bits(network.AddressFamily);
        return slash < 0 ? Known(network.Equals(address))
            : int.TryParse(text.AsSpan(slash + 1), out var length) && length <= bits ? Known(AddressNumber.Network(network, length).Contains(address))
            : FirewallMatch.Maybe;
    }

    /// <summary>A device has a name, or one that begins so (iptables' <c>+</c>, nftables' <c>*</c>).</summary>
    public static FirewallMatch Device(string? device, string pattern)
        => device is null ? FirewallMatch.Maybe
            : pattern.Length > 0 && pattern[^1] is '+' or '*' ? Known(device.StartsWith(pattern[..^1], StringComparison.Ordinal))
            : Known(device == pattern);

    /// <summary>The packet is of a protocol.</summary>
    public static FirewallMatch Protocol(FirewallPacket packet, string name)
        => name switch
        {
            "all" or "0" => FirewallMatch.Yes,
            "6" => Known(packet.Protocol == "tcp"),
            "17" => Known(packet.Protocol == "udp"),
            "1" or "icmp" => Known(packet.Protocol == "icmp"),
            _ => Known(packet.Protocol == name),
        };

    /// <summary>The packet goes to a port, or one of a range (<c>:</c> or <c>-</c>).</summary>
    public static FirewallMatch Port(FirewallPacket packet, string text)
    {
        if (packet.Port == 0)
            return FirewallMatch.Maybe;
        var parts = text.Split(':', '-');
        return !int.TryParse(parts[0], out var low) ? FirewallMatch.Maybe
            : parts.Length == 1 ? Known(packet.Port == low)
            : int.TryParse(parts[1], out var high) ? Known(packet.Port >= low && packet.Port <= high) : FirewallMatch.Maybe;
    }

    /// <summary>The connection is in a state: ours are the first packets of one.</summary>
    public static FirewallMatch State(string name) => Known(name.Equals("new", StringComparison.OrdinalIgnoreCase));

    /// <summary>One of several.</summary>
    public static FirewallMatch Any(IEnumerable<FirewallMatch> matches) => matches.Aggregate(FirewallMatch.No, (one, other) => (FirewallMatch)Math.Max((int)one, (int)other));

    /// <summary>The opposite.</summary>
    public static FirewallMatch Not(FirewallMatch match) => (FirewallMatch)(2 - (int)match);

    private static FirewallMatch Known(bool holds) => holds ? FirewallMatch.Yes : FirewallMatch.No;
}
