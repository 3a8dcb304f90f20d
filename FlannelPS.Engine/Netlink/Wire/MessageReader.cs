using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>One message as it was received.</summary>
internal readonly ref struct Message(NlMsgHdr header, ReadOnlySpan<byte> payload)
{
    internal ushort Type => Header.nlmsg_type;

    internal readonly NlMsgHdr Header = header;

    internal readonly ReadOnlySpan<byte> Payload = payload;

    /// <summary>The fixed struct at the payload's start, and the attributes behind it. False when the payload is too short for it.</summary>
    internal bool TryRead<T>(out T body, out AttributeReader attributes) where T : unmanaged
    {
        if (Payload.Length < Unsafe.SizeOf<T>())
        {
            body = default;
            attributes = default;
            return false;
        }
        body = MemoryMarshal.Read<T>(Payload);
        attributes = new(Payload[Math.Min(NetlinkH.Align(Unsafe.SizeOf<T>()), Payload.Length)..]);
        return true;
    }
}

/// <summary>Walks the messages of one datagram without copying.</summary>
/// <remarks>struct nlmsghdr, linux/netlink.h; host byte order, 4-byte aligned. Ends at the first message that does not fit.</remarks>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    internal bool TryRead(out Message message)
    {
        message = default;
        if (_rest.Length < NetlinkH.NLMSG_HDRLEN)
            return false;
        var header = MemoryMarshal.Read<NlMsgHdr>(_rest);
        if (header.nlmsg_len < NetlinkH.NLMSG_HDRLEN || header.nlmsg_len > (uint)_rest.Length)
            return false;
        var length = (int)header.nlmsg_len;
        message = new(header, _rest[NetlinkH.NLMSG_HDRLEN..length]);
        _rest = _rest[Math.Min(NetlinkH.Align(length), _rest.Length)..];
        return true;
    }
}
