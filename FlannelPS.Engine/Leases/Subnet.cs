using System.Net;

namespace FlannelPS.Engine.Leases;

/// <summary>What a lease is about: an IPv4 subnet, and in a dual-stack network an IPv6 subnet beside it.</summary>
/// <param name="IPv4">The IPv4 subnet.</param>
/// <param name="IPv6">The IPv6 subnet; null in an IPv4 network.</param>
public sealed record Subnet(IPNetwork IPv4, IPNetwork? IPv6)
{
    /// <summary>The key text, byte for byte flannel's (R5): <c>10.5.52.0-24</c>, or <c>10.12.13.0-24&amp;fd00:12:13::-56</c>.</summary>
    public string ToKey()
        => IPv6 is { } v6
            ? $"{IPv4.BaseAddress}-{IPv4.PrefixLength}&{AddressText.Write(v6.BaseAddress)}-{v6.PrefixLength}"
            : $"{IPv4.BaseAddress}-{IPv4.PrefixLength}";

    /// <summary>For messages: networks with a slash, comma between families.</summary>
    public override string ToString() => IPv6 is { } v6 ? $"{IPv4},{v6}" : IPv4.ToString();

    /// <summary>Whether the two share an address in either family.</summary>
    public bool Overlaps(Subnet other)
        => IPv4.Overlaps(other.IPv4) || IPv6 is { } mine && other.IPv6 is { } theirs && mine.Overlaps(theirs);

    /// <summary>Reads the last element of a lease's key, as it should be written.</summary>
    /// <remarks>Section 1.3 of the original's grammar, but anchored at both ends and without host bits. An IPv4 length is 0 to 31, an IPv6 length 0 to 127.</remarks>
    /// <returns>Null when the text is no subnet key.</returns>
    public static Subnet? ParseKey(ReadOnlySpan<char> text)
    {
        var ampersand = text.IndexOf('&');
        if (!TryParseHalf(ampersand < 0 ? text : text[..ampersand], ipv6: false, out var v4))
            return null;
        if (ampersand < 0)
            return new(v4, null);
        return TryParseHalf(text[(ampersand + 1)..], ipv6: true, out var v6) ? new(v4, v6) : null;
    }

    /// <summary>Reads a key as the original does, which accepts anything before the first address and keeps host bits: what it takes for occupied is occupied .</summary>
    public static Subnet? ParseKeyAsOriginal(ReadOnlySpan<char> key)
    {
        var ampersand = key.IndexOf('&');
        var half = ampersand < 0 ? key : key[..ampersand];
        for (var start = half.Length; start > 0; start--)
        {
            // The longest tail that parses: going left, stop at the first start behind which no digit stands.
            if (!char.IsAsciiDigit(half[start - 1]) || start > 1 && char.IsAsciiDigit(half[start - 2]))
                continue;
            if (TryParseAnyHost(half[(start - 1)..], out var v4))
                return ampersand < 0 ? new(v4, null) : TryParseHalf(key[(ampersand + 1)..], ipv6: true, out var v6) ? new(v4, v6) : null;
        }
        return null;
    }

    private static bool TryParseHalf(ReadOnlySpan<char> text, bool ipv6, out IPNetwork network)
    {
        network = default;
        var dash = text.LastIndexOf('-');
        if (dash < 0)
            return false;
        IPAddress address;
        if (ipv6 ? text.ContainsAnyInRange('A', 'F') || !AddressText.TryParseIPv6(text[..dash], out address) : !AddressText.TryParseIPv4(text[..dash], out address))
            return false;
        if (!AddressText.TryParseLength(text[(dash + 1)..], ipv6 ? 127 : 31, out var length))
            return false;
        network = AddressNumber.Network(address, length);
        return network.BaseAddress.Equals(address);
    }

    private static bool TryParseAnyHost(ReadOnlySpan<char> text, out IPNetwork network)
    {
        network = default;
        var dash = text.LastIndexOf('-');
        if (dash < 0 || !AddressText.TryParseIPv4(text[..dash], out var address) || !AddressText.TryParseLength(text[(dash + 1)..], 31, out var length))
            return false;
        network = AddressNumber.Network(address, length);
        return true;
    }
}
