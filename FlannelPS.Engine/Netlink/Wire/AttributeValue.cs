using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>Reads what is inside an attribute. A value of the wrong length reads as zero or null, as if it were not there.</summary>
internal static class AttributeValue
{
    internal static byte Byte(ReadOnlySpan<byte> value) => value.Length >= 1 ? value[0] : (byte)0;

    internal static uint UInt32(ReadOnlySpan<byte> value) => value.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(value) : 0;

    internal static int Int32(ReadOnlySpan<byte> value) => (int)UInt32(value);

    internal static ushort UInt16BigEndian(ReadOnlySpan<byte> value) => value.Length >= sizeof(ushort) ? BinaryPrimitives.ReadUInt16BigEndian(value) : (ushort)0;

    internal static MacAddress? Mac(ReadOnlySpan<byte> value) => value.Length == MacAddress.Length ? MacAddress.Read(value) : null;

    internal static IPAddress? Address(ReadOnlySpan<byte> value) => value.Length is 4 or 16 ? new IPAddress(value) : null;

    /// <summary>struct rtvia, linux/rtnetlink.h: a 16-bit family, then the address.</summary>
    internal static IPAddress? Via(ReadOnlySpan<byte> value) => value.Length > sizeof(ushort) ? Address(value[sizeof(ushort)..]) : null;

    /// <summary>Text up to the NUL.</summary>
    internal static string Text(ReadOnlySpan<byte> value)
    {
        var end = value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
    }

    /// <summary>A prefix; null when the address is not of the family, or the length is longer than it. Bits behind the prefix are cleared.</summary>
    internal static IPNetwork? Network(byte family, ReadOnlySpan<byte> address, int prefixLength)
    {
        if (!Family.TryGetLength(family, out var length) || prefixLength < 0 || prefixLength > length * 8 || address.Length != 0 && address.Length != length)
            return null;
        Span<byte> masked = stackalloc byte[16];
        masked.Clear();
        address.CopyTo(masked);
        for (var i = prefixLength / 8; i < length; i++)
            masked[i] &= i == prefixLength / 8 ? (byte)(0xff00 >> prefixLength % 8) : (byte)0;
        return new IPNetwork(new IPAddress(masked[..length]), prefixLength);
    }
}
