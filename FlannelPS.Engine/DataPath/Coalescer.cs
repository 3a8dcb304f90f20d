using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>Writes packets to the device, and makes one long packet of those that belong together: what generic receive offload (GRO) does.</summary>
/// <remarks>
/// Only neighbours are joined, so nothing overtakes. TCP: same flow, acknowledgement, window and options, consecutive numbers, data only. UDP: same flow and
/// length. Both: same TTL, TOS, DF and flow label; no IPv4 options, no IPv6 extensions. A joined packet's checksum was right, because the kernel will not look
/// at it again; what is not joined is not looked at, and the kernel judges it.
/// </remarks>
internal sealed class Coalescer : IDisposable
{
    private const int MaximumLength = 65535, MostUdp = 64, MostPieces = 1000;
    private const int TcpHeader = 20, UdpHeader = 8;
    private const byte Acknowledge = 0x10, Push = 8;

    private readonly TunDevice _device;
    private readonly StopEvent _stop;
    private readonly DirectionCounters _counters;
    private readonly PieceList _pieces = new();
    private readonly NativeBuffer _virtio = new(TunDevice.VirtioHeaderLength);
    private NativeBuffer? _buffer;
    private int _first, _firstLength, _network, _header, _payload, _count;
    private uint _nextSequence;
    private bool _isTcp, _isClosed, _isVerified;

    public Coalescer(TunDevice device, StopEvent stop, DirectionCounters counters) => (_device, _stop, _counters) = (device, stop, counters);

    /// <summary>Takes a checked packet; it is written now or by <see cref="Flush"/>, and must stay until then.</summary>
    /// <returns>0, or the errno when the device is gone.</returns>
    public int Add(NativeBuffer buffer, int offset, int length)
    {
        var packet = buffer.Slice(offset, length);
        if (!CanJoin(packet, out var isTcp, out var header))
        {
            var errno = Flush();
            return errno != 0 ? errno : Write(buffer, offset, length);
        }
        if (_count > 0 && Joins(packet, isTcp, header))
        {
            _pieces.Add(buffer, offset + header, length - header);
            _count++;
            _nextSequence += (uint)(length - header);
            _isClosed = length - header < _payload;
            if (isTcp && (packet[_network + 13] & Push) != 0)
            {
                _buffer!.Slice(_first, _firstLength)[_network + 13] |= Push;
                _isClosed = true;
            }
            return 0;
        }
        var failure = Flush();
        Open(buffer, offset, length, packet, isTcp, header);
        return failure;
    }

    /// <summary>Writes what is open.</summary>
    /// <returns>0, or the errno when the device is gone.</returns>
    public int Flush()
    {
        var count = _count;
        _count = 0;
        if (count == 0)
            return 0;
        if (count == 1)
            return Write(_buffer!, _first, _firstLength);
        // The piece before this one is the place of the virtio header.
        var first = _buffer!.Slice(_first, _firstLength);
        var total = _pieces.Length - TunDevice.VirtioHeaderLength;
        Packet.Resize(first, total, Packet.Identification(first));
        var transport = first[_network..];
        var sum = InternetChecksum.PseudoHeader(Packet.Addresses(first), _isTcp ? Packet.Tcp : Packet.Udp, total - _network);
        if (!_isTcp)
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)(total - _network));
        var checksumAt = _isTcp ? Checksums.TcpAt : Checksums.UdpAt;
        InternetChecksum.StorePartial(transport[checksumAt..], sum);
        var kind = !_isTcp ? VirtioHeader.Udp : Packet.IsV6(first) ? VirtioHeader.Tcp6 : VirtioHeader.Tcp4;
        new VirtioHeader(true, kind, _payload, _header, _network, checksumAt).Write(_virtio.Slice(0, TunDevice.VirtioHeaderLength));
        return Write(count, total);
    }

    public void Dispose()
    {
        _pieces.Dispose();
        _virtio.Dispose();
    }

    private void Open(NativeBuffer buffer, int offset, int length, ReadOnlySpan<byte> packet, bool isTcp, int header)
    {
        (_buffer, _first, _firstLength, _count, _isTcp, _isVerified) = (buffer, offset, length, 1, isTcp, false);
        (_network, _header, _payload) = (Packet.LeastHeader(packet), header, length - header);
        _isClosed = false;
        if (isTcp)
        {
            _nextSequence = BinaryPrimitives.ReadUInt32BigEndian(packet[(_network + 4)..]) + (uint)(length - header);
            _isClosed = (packet[_network + 13] & Push) != 0;
        }
        _pieces.Clear();
        _pieces.Add(_virtio, 0, TunDevice.VirtioHeaderLength);
        _pieces.Add(buffer, offset, length);
    }

    /// <summary>Whether a packet is one of those that can be part of a longer one.</summary>
    private bool CanJoin(ReadOnlySpan<byte> packet, out bool isTcp, out int header)
    {
        (isTcp, header) = (Packet.Protocol(packet) == Packet.Tcp, 0);
        var network = Packet.LeastHeader(packet);
        if ((_device.Offload & TunOffload.Tcp) == 0 || Packet.HeaderLength(packet) != network || Packet.IsFragment(packet))
            return false;
        var transport = packet[network..];
        if (isTcp)
        {
            if (transport.Length < TcpHeader || (transport[13] & ~Push) != Acknowledge)
                return false;
            header = network + (transport[12] >> 4) * 4;
            return header >= network + TcpHeader && header < packet.Length;
        }
        header = network + UdpHeader;
        return Packet.Protocol(packet) == Packet.Udp && (_device.Offload & TunOffload.Udp) != 0 && packet.Length > header
            && BinaryPrimitives.ReadUInt16BigEndian(transport[4..]) == transport.Length && MemoryMarshal.Read<ushort>(transport[6..]) != 0;
    }

    /// <summary>Whether a packet goes on where the open one ends.</summary>
    private bool Joins(ReadOnlySpan<byte> packet, bool isTcp, int header)
    {
        var first = _buffer!.Slice(_first, _firstLength);
        if (_isClosed || isTcp != _isTcp || header != _header || Packet.LeastHeader(packet) != _network || packet.Length - header > _payload
            || _pieces.Count >= MostPieces || _pieces.Length - TunDevice.VirtioHeaderLength + packet.Length - header > MaximumLength || !IsSameFlow(packet, first))
            return false;
        if (!Packet.DontFragment(packet) && Packet.Identification(packet) != (ushort)(Packet.Identification(first) + _count))
            return false;
        if (isTcp)
        {
            var transport = packet[_network..];
            var before = first[_network..];
            if (BinaryPrimitives.ReadUInt32BigEndian(transport[4..]) != _nextSequence
                || !transport.Slice(8, 5).SequenceEqual(before.Slice(8, 5))                  // acknowledgement, header length
                || Word(transport, 14) != Word(before, 14)                                   // window
                || !transport[TcpHeader..(header - _network)].SequenceEqual(before[TcpHeader..(header - _network)]))
                return false;
        }
        else if (_count >= MostUdp)
            return false;
        if (!_isVerified && !(_isVerified = Checksums.IsRight(first)))
            return false;
        return Checksums.IsRight(packet);
    }

    /// <summary>Whether all of the header is the same but length and identification, and the ports too.</summary>
    private static bool IsSameFlow(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> first)
        => Packet.IsV6(packet)
            // Version, traffic class and flow label; next header and hop limit, addresses and ports.
            ? packet[..4].SequenceEqual(first[..4]) && packet.Slice(6, 38).SequenceEqual(first.Slice(6, 38))
            // Version and TOS; flags; TTL and protocol; addresses and ports.
            : packet[1] == first[1] && Word(packet, 6) == Word(first, 6) && Word(packet, 8) == Word(first, 8) && packet.Slice(12, 12).SequenceEqual(first.Slice(12, 12));

    private static ushort Word(ReadOnlySpan<byte> bytes, int at) => MemoryMarshal.Read<ushort>(bytes[at..]);

    private int Write(NativeBuffer buffer, int offset, int length)
    {
        _pieces.Clear();
        if (_device.HeaderLength > 0)
        {
            _virtio.Slice(0, TunDevice.VirtioHeaderLength).Clear();
            _pieces.Add(_virtio, 0, TunDevice.VirtioHeaderLength);
        }
        _pieces.Add(buffer, offset, length);
        return Write(1, length);
    }

    private int Write(int packets, int length)
    {
        while (true)
        {
            var errno = _pieces.Write(_device.Descriptor);
            if (errno == Errno.EAGAIN && _stop.WaitToWrite(_device.Descriptor))
                continue;
            if (errno == 0)
                _counters.Carried(packets, length, 1, packets > 1 ? packets : 0);
            else
                _counters.Drop(DropReason.Refused, packets);
            // A device that is set down refuses with EIO, and comes up again.
            return errno == Errno.EBADFD ? errno : 0;
        }
    }
}
