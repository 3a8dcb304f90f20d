using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Messages that go out with one call. Equal packets for one host are one message, which the kernel cuts (UDP_SEGMENT).</summary>
/// <remarks>sendmmsg(2); Documentation/networking/segmentation-offloads.rst. Payload stays where it lies: a message is a list of pieces.</remarks>
public sealed unsafe class SendBatch : IDisposable
{
    /// <summary>Messages, at most.</summary>
    public const int MostMessages = 128;

    /// <summary>UDP_MAX_SEGMENTS, linux/udp.h, before Linux 6.9.</summary>
    private const int MostSegments = 64;

    /// <summary>Bytes of a UDP payload over IPv4, at most.</summary>
    private const int MostBytes = 65507;

    private const int MostPieces = 4096;
    private const int ControlLength = 24;         // CMSG_SPACE(sizeof(uint16_t))
    private const int MostAlone = 4;              // pieces of one packet: two, and no more where neighbours were joined

    private readonly MMsgHdr* _messages = Allocate<MMsgHdr>(MostMessages);
    private readonly SockAddr_In* _names = Allocate<SockAddr_In>(MostMessages);
    private readonly byte* _controls = Allocate<byte>(MostMessages * ControlLength);
    private readonly IoVec* _pieces = Allocate<IoVec>(MostPieces);
    private readonly Message[] _about = new Message[MostMessages];
    private readonly IoVec* _alone = Allocate<IoVec>(MostAlone);
    private int _pieceCount;

    /// <summary>What a message consists of.</summary>
    private struct Message
    {
        public uint Address;
        public int Segment, Segments, Bytes, FirstPiece;
        public bool IsClosed;
    }

    /// <summary>Messages so far.</summary>
    public int Count { get; private set; }

    /// <summary>Packets so far.</summary>
    public int Packets { get; private set; }

    /// <summary>Bytes so far.</summary>
    public int Bytes { get; private set; }

    /// <summary>Whether equal packets become one message.</summary>
    public bool Merges { get; set; }

    /// <summary>Whether another packet fits.</summary>
    public bool HasRoom => Count < MostMessages && _pieceCount + 2 <= MostPieces;

    /// <summary>Takes all out.</summary>
    public void Clear() => (Count, Packets, Bytes, _pieceCount) = (0, 0, 0, 0);

    /// <summary>Host of a message, IPv4 in host order.</summary>
    public uint AddressOf(int message) => _about[message].Address;

    /// <summary>Packets of a message.</summary>
    public int PacketsOf(int message) => _about[message].Segments;

    /// <summary>Bytes of one packet of a message; its last may be shorter.</summary>
    public int SegmentOf(int message) => _about[message].Segment;

    /// <summary>Bytes of a message.</summary>
    public int BytesOf(int message) => _about[message].Bytes;

    /// <summary>Adds a packet that lies in one piece.</summary>
    public void Add(uint address, ushort port, NativeBuffer buffer, int offset, int length)
    {
        Begin(address, port, length);
        Piece(buffer, offset, length);
    }

    /// <summary>Adds a packet whose header lies elsewhere than its payload.</summary>
    public void Add(uint address, ushort port, NativeBuffer headers, int header, int headerLength, NativeBuffer buffer, int offset, int length)
    {
        Begin(address, port, headerLength + length);
        Piece(headers, header, headerLength);
        Piece(buffer, offset, length);
    }

    /// <summary>Sends from a message on.</summary>
    /// <param name="socket">By which.</param>
    /// <param name="first">The first message to send.</param>
    /// <param name="errno">Why the first could not be sent; 0 when it was.</param>
    /// <returns>How many messages were taken; 0 with an errno.</returns>
    public int Send(UdpSocket socket, int first, out int errno)
    {
        var sent = LibC.SendMany(socket.Descriptor, _messages + first, (uint)(Count - first), LibC.MSG_NOSIGNAL);
        errno = sent < 0 ? LibC.LastErrno : 0;
        return Math.Max(0, sent);
    }

    /// <summary>Sends one packet of a message alone.</summary>
    /// <returns>0 or the errno.</returns>
    public int SendAlone(UdpSocket socket, int message, int packet)
    {
        var header = _messages[message].msg_hdr;
        header.msg_iovlen = (nuint)PiecesOf(message, packet);
        header.msg_iov = (nint)_alone;
        (header.msg_control, header.msg_controllen) = (0, 0);
        var sent = LibC.SendMessage(socket.Descriptor.Number, &header, LibC.MSG_NOSIGNAL);
        return sent < 0 ? LibC.LastErrno : 0;
    }

    /// <summary>Copies the beginning of a packet.</summary>
    /// <returns>How much.</returns>
    public int CopyHead(int message, int packet, Span<byte> to)
    {
        var count = PiecesOf(message, packet);
        var copied = 0;
        for (var i = 0; i < count && copied < to.Length; i++)
        {
            var length = Math.Min((int)_alone[i].iov_len, to.Length - copied);
            new ReadOnlySpan<byte>((void*)_alone[i].iov_base, length).CopyTo(to[copied..]);
            copied += length;
        }
        return copied;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_names);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_alone);
    }

    private void Begin(uint address, ushort port, int length)
    {
        if (!HasRoom)
            throw new InvalidOperationException("The batch is full.");
        Packets++;
        Bytes += length;
        if (Merges && Count > 0)
        {
            ref var open = ref _about[Count - 1];
            // All segments are of the first one's length; only the last may be shorter.
            if (!open.IsClosed && open.Address == address && length <= open.Segment && open.Segments < MostSegments && open.Bytes + length <= MostBytes)
            {
                open.Segments++;
                open.Bytes += length;
                open.IsClosed = length < open.Segment;
                if (open.Segments == 2)
                    AskForSegments(Count - 1, open.Segment);
                return;
            }
        }
        _about[Count] = new() { Address = address, Segment = length, Segments = 1, Bytes = length, FirstPiece = _pieceCount };
        _names[Count] = UdpSocket.Name(address, port);
        _messages[Count] = new()
        {
            msg_hdr = new() { msg_name = (nint)(_names + Count), msg_namelen = (uint)sizeof(SockAddr_In), msg_iov = (nint)(_pieces + _pieceCount) },
        };
        Count++;
    }

    private void AskForSegments(int message, int segment)
    {
        var control = (CMsgHdr*)(_controls + message * ControlLength);
        *control = new() { cmsg_len = (nuint)sizeof(CMsgHdr) + sizeof(ushort), cmsg_level = UdpH.SOL_UDP, cmsg_type = UdpH.UDP_SEGMENT };
        *(ushort*)(control + 1) = (ushort)segment;
        _messages[message].msg_hdr.msg_control = (nint)control;
        _messages[message].msg_hdr.msg_controllen = ControlLength;
    }

    private void Piece(NativeBuffer buffer, int offset, int length)
    {
        var start = buffer.At(offset, length);
        ref var message = ref _messages[Count - 1].msg_hdr;
        // Each piece costs the kernel as much as a few hundred bytes: what lies behind the last one is part of it.
        if (message.msg_iovlen > 0 && _pieces[_pieceCount - 1] is var last && (byte*)last.iov_base + last.iov_len == start)
        {
            _pieces[_pieceCount - 1].iov_len += (nuint)length;
            return;
        }
        _pieces[_pieceCount++] = new() { iov_base = (nint)start, iov_len = (nuint)length };
        message.msg_iovlen++;
    }

    /// <summary>Finds the pieces of one packet of a message: all before it are as long as the first one.</summary>
    private int PiecesOf(int message, int packet)
    {
        ref readonly var about = ref _about[message];
        var skip = packet * about.Segment;
        var left = Math.Min(about.Segment, about.Bytes - skip);
        var count = 0;
        for (var piece = about.FirstPiece; left > 0; piece++)
        {
            var length = (int)_pieces[piece].iov_len;
            if (skip >= length)
            {
                skip -= length;
                continue;
            }
            var taken = Math.Min(length - skip, left);
            _alone[count++] = new() { iov_base = _pieces[piece].iov_base + skip, iov_len = (nuint)taken };
            (skip, left) = (0, left - taken);
        }
        return count;
    }

    private static T* Allocate<T>(int count)
        where T : unmanaged
        => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));
}
