using System.Globalization;
using System.Management.Automation;
using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>Chooses leases by what a user types for a subnet: a network they lie in, or a pattern of their text.</summary>
internal sealed class LeaseFilter
{
    private readonly IPNetwork? _network;
    private readonly WildcardPattern _pattern;

    private LeaseFilter(string text, IPNetwork? network, WildcardPattern pattern) => (Text, _network, _pattern) = (text, network, pattern);

    /// <summary>What was typed.</summary>
    public string Text { get; }

    /// <summary>The network; null for a pattern.</summary>
    public IPNetwork? Network => _network;

    /// <summary>Whether something in particular is meant, so that finding nothing is an error.</summary>
    public bool IsExact => !WildcardPattern.ContainsWildcardCharacters(Text);

    /// <summary>Reads it.</summary>
    /// <param name="text">Such as <c>10.5.52.0/24</c>, <c>10.5.0.0/16</c> or <c>10.5.*</c>.</param>
    /// <param name="problem">Why it is none of these.</param>
    public static LeaseFilter? Parse(string text, out string problem)
    {
        problem = "";
        if (WildcardPattern.ContainsWildcardCharacters(text))
            return new(text, null, WildcardPattern.Get(text, WildcardOptions.IgnoreCase));
        // Not IPNetwork.Parse: whether it takes host bits depends on the version of .NET.
        var slash = text.IndexOf('/');
        if (slash < 1 || !IPAddress.TryParse(text[..slash], out var address) || !int.TryParse(text[(slash + 1)..], NumberStyles.None, null, out var length)
            || length > address.GetAddressBytes().Length * 8)
        {
            problem = $"'{text}' is no subnet (such as 10.5.52.0/24) and no pattern (such as 10.5.*)";
            return null;
        }
        var network = AddressNumber.Network(address, length);
        if (network.BaseAddress.Equals(address))
            return new(text, network, WildcardPattern.Get(text, WildcardOptions.None));
        problem = $"'{text}' has host bits; the network is {network}";
        return null;
    }

    /// <summary>Whether this one is meant, and not what lies in a network: for what cannot be undone.</summary>
    public bool IsExactly(Subnet subnet)
        => _network is { } network ? network.Equals(subnet.IPv4) || subnet.IPv6 is { } v6 && network.Equals(v6) : Matches(subnet);

    /// <summary>Whether a lease is meant.</summary>
    public bool Matches(Subnet subnet)
        => Text == "*" || (_network is { } network
            ? AddressNumber.Contains(network, subnet.IPv4) || subnet.IPv6 is { } v6 && AddressNumber.Contains(network, v6)
            : _pattern.IsMatch(subnet.IPv4.ToString()) || subnet.IPv6 is { } text && _pattern.IsMatch(text.ToString()));
}
