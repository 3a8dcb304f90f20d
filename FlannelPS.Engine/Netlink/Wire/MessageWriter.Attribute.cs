using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace FlannelPS.Engine.Netlink.Wire;

internal ref partial struct MessageWriter
{
    /// <summary>An attribute without a value, which counts by being there.</summary>
    internal void Flag(ushort type) => _ = Attribute(type, 0);

    internal void Byte(ushort type, byte value) => Attribute(type, sizeof(byte))[0] = value;

    internal void Bool(ushort type, bool value) => Byte(type, value ? (byte)1 : (byte)0);

    internal void UInt32(ushort type, uint value) => MemoryMarshal.Write(Attribute(type, sizeof(uint)), value);

    internal void UInt16BigEndian(ushort type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Attribute(type, sizeof(ushort)), value);

    internal void Mac(ushort type, MacAddress value) => value.Write(Attribute(type, MacAddress.Length));

    /// <summary>Four or sixteen bytes, by the address's own family.</summary>
    internal void Address(ushort type, IPAddress value)
        => value.TryWriteBytes(Attribute(type, value.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 16 : 4), out _);

    /// <summary>UTF-8 with a NUL behind it.</summary>
    internal void Text(ushort type, string value)
        => Encoding.UTF8.GetBytes(value, Attribute(type, Encoding.UTF8.GetByteCount(value) + 1));

    /// <summary>Opens an attribute that holds attributes; the result goes to <see cref="EndNested"/>.</summary>
    internal int BeginNested(ushort type)
    {
        var start = _length;
        _ = Attribute(type, 0);
        return start;
    }

    internal readonly void EndNested(int start) => MemoryMarshal.Write(_buffer[start..], (ushort)(_length - start));

    private Span<byte> Attribute(ushort type, int length)
    {
        Append(new NlAttr { nla_len = (ushort)(NetlinkH.NLA_HDRLEN + length), nla_type = type });
        return Take(length);
    }
}
