using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.DataPath;

/// <summary>A long packet that stands for many, and how it is cut into them.</summary>
/// <remarks>
/// What a network card does for TCP segmentation offload (TSO) and its UDP kin (USO): each segment has the header again, with its own length, identification,
/// sequence number and checksums; FIN and PSH belong to the last one, CWR to the first (RFC 3168 section 6.1.2).
/// </remarks>
internal readonly ref struct SuperPacket
{
    private const int SequenceAt = 4, FlagsAt = 13, UdpLengthAt = 4;
    private const byte Fin = 1, Push = 8, Reduced = 0x80;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _transport;
    private readonly bool _isTcp;

    private SuperPacket(ReadOnlySpan<byte> packet, int transport, int header, int segment, bool isTcp)
    {
        _packet = packet;
        (_transport, HeaderLength, SegmentSize, _isTcp) = (transport, header, segment, isTcp);
        Count = (packet.Length - header + segment - 1) / segment;
    }

    /// <summary>Bytes of the headers each segment gets.</summary>
    public int HeaderLength { get; }

    /// <summary>Payload bytes of a segment; the last may have fewer.</summary>
    public int SegmentSize { get; }

    /// <summary>Bytes of the whole.</summary>
    public int Length => _packet.Length;

    /// <summary>Segments.</summary>
    public int Count { get; }

    /// <summary>Understands one.</summary>
    /// <param name="packet">Checked by <see cref="Packet.Check"/>.</param>
    /// <param name="offload">What came with it.</param>
    /// <param name="super">What came out.</param>
    /// <returns>False when it makes no sense.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, VirtioHeader offload, out SuperPacket super)
    {
        super = default;
        var transport = Packet.HeaderLength(packet);
        var isTcp = offload.Kind == (Packet.IsV6(packet) ? VirtioHeader.Tcp6 : VirtioHeader.Tcp4);
        if (!isTcp && offload.Kind != VirtioHeader.Udp || Packet.IsFragment(packet) || Packet.Protocol(packet) != (isTcp ? Packet.Tcp : Packet.Udp))
            return false;
        if (packet.Length < transport + (isTcp ? 20 : 8))
            return false;
        var header = transport + (isTcp ? (packet[transport + 12] >> 4) * 4 : 8);
        if (header < transport + (isTcp ? 20 : 8) || header >= packet.Length || offload.SegmentSize == 0)
            return false;
        super = new(packet, transport, header, offload.SegmentSize, isTcp);
        return true;
    }

    /// <summary>Where a segment's payload is in the packet.</summary>
    public (int Offset, int Length) PayloadOf(int segment)
    {
        var offset = HeaderLength + segment * SegmentSize;
        return (offset, Math.Min(SegmentSize, _packet.Length - offset));
    }

    /// <summary>Writes a segment's header.</summary>
    /// <param name="segment">Which.</param>
    /// <param name="header">Takes <see cref="HeaderLength"/> bytes.</param>
    public void WriteHeader(int segment, Span<byte> header)
    {
        var (offset, length) = PayloadOf(segment);
        _packet[..HeaderLength].CopyTo(header);
        Packet.Resize(header, HeaderLength + length, (ushort)(Packet.Identification(_packet) + segment));
        var transport = header[_transport..HeaderLength];
        if (_isTcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(transport[SequenceAt..], BinaryPrimitives.ReadUInt32BigEndian(transport[SequenceAt..]) + (uint)(segment * SegmentSize));
            if (segment < Count - 1)
                transport[FlagsAt] &= unchecked((byte)~(Fin | Push));
            if (segment > 0)
                transport[FlagsAt] &= unchecked((byte)~Reduced);
        }
        else
            BinaryPrimitives.WriteUInt16BigEndian(transport[UdpLengthAt..], (ushort)(transport.Length + length));
        var checksumAt = _isTcp ? Checksums.TcpAt : Checksums.UdpAt;
        MemoryMarshal.Write(transport[checksumAt..], (ushort)0);
        var sum = InternetChecksum.PseudoHeader(Packet.Addresses(header), _isTcp ? Packet.Tcp : Packet.Udp, transport.Length + length);
        Checksums.Store(transport[checksumAt..], InternetChecksum.Add(_packet.Slice(offset, length), InternetChecksum.Add(transport, sum)), isUdp: !_isTcp);
    }
}
