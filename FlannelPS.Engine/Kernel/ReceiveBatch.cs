using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Datagrams that come in with one call, some of them many in one (UDP_GRO).</summary>
/// <remarks>recvmmsg(2).</remarks>
public sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Bytes of a message, at most: more than a UDP payload can have, so nothing is ever cut.</summary>
    private const int SlotLength = 65536;

    // Slots that all begin at the same place of a page would fight for the same lines of the cache.
    private const int Stride = SlotLength + 320;
    private const int ControlLength = 64;

    private readonly int _slots;
    private readonly MMsgHdr* _messages;
    private readonly SockAddr_In* _names;
    private readonly IoVec* _pieces;
    private readonly byte* _controls;

    /// <summary>Makes room.</summary>
    /// <param name="slots">Messages that one call takes. A slot costs memory as far as it has been filled.</param>
    public ReceiveBatch(int slots)
    {
        _slots = slots;
        Buffer = new(slots * Stride);
        _messages = (MMsgHdr*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(MMsgHdr));
        _names = (SockAddr_In*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(SockAddr_In));
        _pieces = (IoVec*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(IoVec));
        _controls = (byte*)NativeMemory.AllocZeroed((nuint)slots, ControlLength);
        for (var i = 0; i < slots; i++)
        {
            _pieces[i] = new() { iov_base = (nint)Buffer.At(OffsetOf(i), SlotLength), iov_len = SlotLength };
            _messages[i].msg_hdr = new() { msg_name = (nint)(_names + i), msg_iov = (nint)(_pieces + i), msg_iovlen = 1, msg_control = (nint)(_controls + i * ControlLength) };
        }
    }

    /// <summary>Where the messages lie.</summary>
    public NativeBuffer Buffer { get; }

    /// <summary>Takes what is waiting.</summary>
    /// <param name="socket">By which.</param>
    /// <param name="errno">EAGAIN when nothing is.</param>
    /// <returns>Messages.</returns>
    public int Receive(UdpSocket socket, out int errno)
    {
        for (var i = 0; i < _slots; i++)
        {
            // What the kernel writes back is what it gave last time.
            ref var header = ref _messages[i].msg_hdr;
            header.msg_namelen = (uint)sizeof(SockAddr_In);
            header.msg_controllen = ControlLength;
        }
        var received = LibC.ReceiveMany(socket.Descriptor, _messages, (uint)_slots, LibC.MSG_DONTWAIT, null);
        errno = received < 0 ? LibC.LastErrno : 0;
        return Math.Max(0, received);
    }

    /// <summary>Where a message begins.</summary>
    public static int OffsetOf(int message) => message * Stride;

    /// <summary>Bytes of a message.</summary>
    public int LengthOf(int message) => (int)Math.Min(_messages[message].msg_len, SlotLength);

    /// <summary>Sender of a message, IPv4 in host order.</summary>
    public uint AddressOf(int message) => BinaryPrimitives.ReverseEndianness(_names[message].sin_addr);

    /// <summary>The sender's port.</summary>
    public ushort PortOf(int message) => BinaryPrimitives.ReverseEndianness(_names[message].sin_port);

    /// <summary>Bytes of each datagram of a message; the last may be shorter. The whole length when it is one.</summary>
    public int SegmentOf(int message)
    {
        ref var header = ref _messages[message].msg_hdr;
        var control = (CMsgHdr*)header.msg_control;
        return header.msg_controllen >= (nuint)(sizeof(CMsgHdr) + sizeof(int)) && control->cmsg_level == UdpH.SOL_UDP && control->cmsg_type == UdpH.UDP_GRO
            && *(int*)(control + 1) is > 0 and var segment ? segment : LengthOf(message);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Buffer.Dispose();
        NativeMemory.Free(_messages);
        NativeMemory.Free(_names);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_controls);
    }
}
