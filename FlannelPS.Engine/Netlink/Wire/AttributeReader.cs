using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>Walks the attributes of one rtnetlink message without copying.</summary>
/// <remarks>struct rtattr, linux/rtnetlink.h; host byte order, 4-byte aligned. Ends at the first attribute that does not fit.</remarks>
internal ref struct AttributeReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    internal bool TryRead(out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (_rest.Length < NetlinkH.NLA_HDRLEN)
            return false;
        var header = MemoryMarshal.Read<NlAttr>(_rest);
        if (header.nla_len < NetlinkH.NLA_HDRLEN || header.nla_len > _rest.Length)
            return false;
        type = (ushort)(header.nla_type & NetlinkH.NLA_TYPE_MASK);
        value = _rest[NetlinkH.NLA_HDRLEN..header.nla_len];
        _rest = _rest[Math.Min(NetlinkH.Align(header.nla_len), _rest.Length)..];
        return true;
    }
}
