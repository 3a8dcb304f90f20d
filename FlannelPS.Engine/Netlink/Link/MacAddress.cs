using System.Globalization;

namespace FlannelPS.Engine.Netlink;

/// <summary>A 48-bit link-layer address.</summary>
/// <param name="Value">The six octets, first one in bits 47 to 40.</param>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Octets of an address.</summary>
    public const int Length = 6;

    /// <summary>Whether this is neither zero nor multicast (broadcast included), so that one host can own it.</summary>
    public bool IsUnicast => Value != 0 && (Value >> 40 & 1) == 0;

    /// <summary>Reads six octets.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> octets)
    {
        ulong value = 0;
        foreach (var octet in octets[..Length])
            value = value << 8 | octet;
        return new(value);
    }

    /// <summary>Writes six octets.</summary>
    public void Write(Span<byte> octets)
    {
        for (var i = 0; i < Length; i++)
            octets[i] = (byte)(Value >> (40 - 8 * i));
    }

    /// <summary>Reads <c>aa:bb:cc:dd:ee:ff</c>, upper or lower case, as Go's net.ParseMAC does for six octets with colons.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != 3 * Length - 1)
            return false;
        ulong value = 0;
        for (var i = 0; i < Length; i++)
        {
            if (i > 0 && text[3 * i - 1] != ':' || !byte.TryParse(text.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, null, out var octet))
                return false;
            value = value << 8 | octet;
        }
        address = new(value);
        return true;
    }

    /// <summary>Lower case with colons, as flannel writes it.</summary>
    public override string ToString()
        => string.Create(3 * Length - 1, Value, static (text, value) =>
        {
            for (var i = 0; i < Length; i++)
            {
                var octet = (int)(value >> (40 - 8 * i) & 0xff);
                text[3 * i] = "0123456789abcdef"[octet >> 4];
                text[3 * i + 1] = "0123456789abcdef"[octet & 15];
                if (i > 0)
                    text[3 * i - 1] = ':';
            }
        });
}
