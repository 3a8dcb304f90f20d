using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>Writes messages one behind the other into a buffer: begin, body, attributes, end.</summary>
/// <remarks>struct nlmsghdr, linux/netlink.h; host byte order, everything 4-byte aligned.</remarks>
internal ref partial struct MessageWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _message;
    private int _length;

    internal readonly int Remaining => _buffer.Length - _length;

    internal readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    internal void Begin(ushort type, ushort flags, uint sequence)
    {
        _message = _length;
        Append(new NlMsgHdr { nlmsg_type = type, nlmsg_flags = flags, nlmsg_seq = sequence });
    }

    /// <summary>The fixed struct behind the message header.</summary>
    internal void Body<T>(T body) where T : unmanaged => Append(body);

    internal readonly void End() => MemoryMarshal.Write(_buffer[_message..], (uint)(_length - _message));

    private void Append<T>(T value) where T : unmanaged => MemoryMarshal.Write(Take(Unsafe.SizeOf<T>()), value);

    /// <summary>The next bytes, zeroed up to the alignment behind them.</summary>
    private Span<byte> Take(int length)
    {
        var taken = _buffer.Slice(_length, NetlinkH.Align(length));
        taken.Clear();
        _length += taken.Length;
        return taken[..length];
    }
}
