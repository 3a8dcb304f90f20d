using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.Leases;

/// <summary>Addresses as numbers of 128 bits, so that both families share one arithmetic and nothing wraps at 255.255.255.255 .</summary>
internal static class AddressNumber
{
    /// <summary>Bits of an address of this family.</summary>
    public static int Bits(AddressFamily family) => family == AddressFamily.InterNetwork ? 32 : 128;

    /// <summary>The address as a number.</summary>
    public static UInt128 ToNumber(this IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        return written == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The number as an address of a family.</summary>
    public static IPAddress ToAddress(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (family == AddressFamily.InterNetwork)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)number);
            return new IPAddress(bytes[..4]);
        }
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    /// <summary>How many addresses a network of this length has, as the distance from one network to the next; 2^128 is cut to its maximum.</summary>
    public static UInt128 Size(AddressFamily family, int length)
        => Bits(family) - length is var host && host >= 128 ? UInt128.MaxValue : UInt128.One << host;

    /// <summary>The network an address lies in; host bits are masked off.</summary>
    public static IPNetwork Network(IPAddress address, int length)
    {
        var family = address.AddressFamily;
        var host = Bits(family) - length;
        var number = host >= 128 ? UInt128.Zero : address.ToNumber() >> host << host;
        return new IPNetwork(ToAddress(number, family), length);
    }

    /// <summary>First number of a network.</summary>
    public static UInt128 First(this IPNetwork network) => network.BaseAddress.ToNumber();

    /// <summary>Last number of a network.</summary>
    public static UInt128 Last(this IPNetwork network)
        => network.First() + (Size(network.BaseAddress.AddressFamily, network.PrefixLength) - 1);

    /// <summary>Whether two networks of any families share an address.</summary>
    public static bool Overlaps(this IPNetwork one, IPNetwork other)
        => one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily
            && (one.PrefixLength <= other.PrefixLength ? one.Contains(other.BaseAddress) : other.Contains(one.BaseAddress));

    /// <summary>Whether one network lies wholly inside another.</summary>
    public static bool Contains(this IPNetwork outer, IPNetwork inner)
        => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);
}
