using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.Leases;

/// <summary>Reads addresses as strictly as Go's net.ParseIP and net.ParseCIDR do, so that both ends of a mixed cluster accept the same text.</summary>
/// <remarks><see cref="IPAddress.TryParse(ReadOnlySpan{char}, out IPAddress)"/> alone would take <c>10.1</c>, octal octets, scopes and brackets.</remarks>
internal static class AddressText
{
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Four decimal octets without leading zeros.</summary>
    public static bool TryParseIPv4(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.Any;
        Span<byte> octets = stackalloc byte[4];
        var position = 0;
        for (var i = 0; i < 4; i++)
        {
            if (i > 0 && (position >= text.Length || text[position++] != '.'))
                return false;
            var start = position;
            var value = 0;
            while (position < text.Length && char.IsAsciiDigit(text[position]) && position - start < 3)
                value = value * 10 + (text[position++] - '0');
            if (position == start || value > 255 || position - start > 1 && text[start] == '0')
                return false;
            octets[i] = (byte)value;
        }
        if (position != text.Length)
            return false;
        address = new IPAddress(octets);
        return true;
    }

    /// <summary>An IPv6 address without scope, brackets or port.</summary>
    public static bool TryParseIPv6(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.IPv6Any;
        if (!text.Contains(':') || text.ContainsAnyExcept(IPv6Characters)
            || !IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        address = parsed;
        return true;
    }

    /// <summary>An address of either family.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPAddress address)
        => TryParseIPv4(text, out address) || TryParseIPv6(text, out address);

    /// <summary>The text that Go writes (RFC 5952, and never a dotted quad behind colons), so that one subnet has one key whoever writes it (R5).</summary>
    public static string Write(IPAddress address)
    {
        var text = address.ToString();
        if (address.AddressFamily == AddressFamily.InterNetwork || !text.Contains('.'))
            return text;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        // The dotted quad is replaced by its two groups; where the first of them is 0, what was compressed stays the longest run.
        var (high, low) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]));
        return $"{text[..(text.LastIndexOf(':') + 1)]}{high:x}:{low:x}";
    }

    /// <summary>A decimal prefix length without sign or leading zeros.</summary>
    public static bool TryParseLength(ReadOnlySpan<char> text, int maximum, out int length)
    {
        length = 0;
        if (text.Length is 0 or > 3 || text.Length > 1 && text[0] == '0')
            return false;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            length = length * 10 + (digit - '0');
        }
        return length <= maximum;
    }

    /// <summary>Address, slash, length; host bits are masked off, as Go's ParseCIDR does.</summary>
    public static bool TryParseCidr(ReadOnlySpan<char> text, AddressFamily family, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/');
        if (slash < 0)
            return false;
        IPAddress address;
        if (family == AddressFamily.InterNetwork ? !TryParseIPv4(text[..slash], out address) : !TryParseIPv6(text[..slash], out address))
            return false;
        // Go reads a length with leading zeros; a key's is written without.
        var digits = text[(slash + 1)..];
        while (digits.Length > 1 && digits[0] == '0')
            digits = digits[1..];
        if (!TryParseLength(digits, AddressNumber.Bits(family), out var length))
            return false;
        network = AddressNumber.Network(address, length);
        return true;
    }
}
