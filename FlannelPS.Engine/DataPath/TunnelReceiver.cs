using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>From the peers to the device: takes datagrams in, drops what must not come in, and writes the rest.</summary>
internal sealed class TunnelReceiver : IDisposable
{
    private readonly TunnelParts _parts;
    private readonly DirectionCounters _counters;
    private readonly ReceiveBatch _batch;
    private readonly Coalescer _coalescer;
    private ForwardingTable _table;
    private UInt128 _lastSource;
    private FamilyTable? _lastFamily;
    private uint _lastHost;

    public TunnelReceiver(TunnelParts parts)
    {
        (_parts, _counters, _table) = (parts, parts.Counters.Received, parts.Table);
        // Coalesced messages are long and few; plain ones short and many.
        _batch = new(parts.Socket.Coalesces ? 16 : 64);
        _coalescer = new(parts.Device, parts.Stop, _counters);
    }

    /// <summary>Runs until stopped.</summary>
    /// <returns>0, or the errno that ended it.</returns>
    public int Run()
    {
        while (!_parts.Stop.IsSet)
        {
            var received = _batch.Receive(_parts.Socket, out var errno);
            if (received == 0)
            {
                if (errno is not (0 or Errno.EAGAIN or Errno.EINTR) && !IsPassing(errno))
                    return errno;
                if (errno == Errno.EAGAIN)
                    _parts.Stop.WaitToRead(_parts.Socket.Descriptor);
                continue;
            }
            if (TakeAll(received) is var failed and not 0)
                return failed;
        }
        return 0;
    }

    public void Dispose()
    {
        _batch.Dispose();
        _coalescer.Dispose();
    }

    // What a socket says of an earlier packet, and what passes by itself.
    private static bool IsPassing(int errno) => errno is Errno.ENOBUFS or Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.ECONNREFUSED or Errno.ENOMEM;

    private int TakeAll(int messages)
    {
        // One table for one batch; the next batch sees the next table.
        (_table, _lastFamily) = (_parts.Table, null);
        var packets = 0;
        for (var message = 0; message < messages; message++)
        {
            var (offset, length, segment) = (ReceiveBatch.OffsetOf(message), _batch.LengthOf(message), _batch.SegmentOf(message));
            var count = length == 0 ? 1 : (length + segment - 1) / segment;
            packets += count;
            if (!_table.IsPeer(_batch.AddressOf(message)) || _batch.PortOf(message) != _parts.Port)
            {
                _counters.Drop(DropReason.UnknownPeer, count);
                continue;
            }
            for (var i = 0; i < count; i++)
                if (Take(_batch.AddressOf(message), offset + i * segment, Math.Min(segment, length - i * segment)) is var errno and not 0)
                    return errno;
        }
        _counters.Round(packets);
        return _coalescer.Flush();
    }

    private int Take(uint sender, int offset, int length)
    {
        var packet = _batch.Buffer.Slice(offset, length);
        var reason = Judge(sender, packet);
        if (reason == DropReason.None)
        {
            Packet.DecrementTimeToLive(packet);
            return _coalescer.Add(_batch.Buffer, offset, length);
        }
        _counters.Drop(reason);
        if (reason == DropReason.TimeExceeded && Packet.TimeToLive(packet) == 1
            && _parts.Errors.Send(_table.Of(packet)!, IcmpError.TimeExceeded, 0, packet))
            _counters.ErrorSent();
        return 0;
    }

    private DropReason Judge(uint sender, ReadOnlySpan<byte> packet)
    {
        if (Packet.Check(packet) is var reason and not DropReason.None)
            return reason;
        if (_table.Of(packet) is not { } family)
            return DropReason.NotIPv4;
        if (packet.Length > _table.Mtu)
            return DropReason.Oversized;
        if (!Packet.HasRightChecksum(packet))
            return DropReason.WrongChecksum;
        var source = Packet.Source(packet);
        if (source != _lastSource || family != _lastFamily)
            (_lastSource, _lastFamily, _lastHost) = (source, family, family.HostOf(source));
        return _lastHost != sender ? DropReason.SpoofedSource
            : !family.IsOurs(Packet.Destination(packet)) ? DropReason.ForeignDestination
            : Packet.TimeToLive(packet) <= 1 ? DropReason.TimeExceeded
            : DropReason.None;
    }
}
