using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.DataPath;

/// <summary>From the device to the peers: reads what the kernel routes to them, cuts super-packets, and sends in batches.</summary>
/// <remarks>A batch is what is waiting, never more than about 64 KiB, so that it stays in the cache; nothing waits for a batch to fill.</remarks>
internal sealed class TunnelSender : IDisposable
{
    private const int LongestPacket = Packet.HeaderV6 + 65535, BatchLength = 64 << 10;
    private const int HeadersLength = 64 << 10, LongestHeader = 60 + 60;

    /// <summary>Payload up to here is copied behind its header: a piece of its own costs the kernel more (56 in place of 100 ns a packet of 64 bytes, 110 in place of 145 at this length). Bytes.</summary>
    private const int Short = 1024;
    private const int OuterHeaders = 28;

    private readonly TunnelParts _parts;
    private readonly DirectionCounters _counters;
    private readonly Action _segmentsRefused;
    private readonly NativeBuffer _packets = new(BatchLength + TunDevice.VirtioHeaderLength + LongestPacket);
    private readonly NativeBuffer _headers = new(HeadersLength);
    private readonly SendBatch _batch;
    private readonly byte[] _quote = new byte[IcmpErrors.MaximumQuote];
    private ForwardingTable _table;
    private int _headersUsed;

    /// <param name="parts">What both directions share.</param>
    /// <param name="segmentsRefused">Told once when the way out has no checksum offload, and packets go one by one.</param>
    public TunnelSender(TunnelParts parts, Action segmentsRefused)
    {
        (_parts, _counters, _table, _segmentsRefused) = (parts, parts.Counters.Sent, parts.Table, segmentsRefused);
        _batch = new() { Merges = parts.Socket.CanSegment };
    }

    /// <summary>Runs until stopped.</summary>
    /// <returns>0, or the errno that ended it.</returns>
    public int Run()
    {
        while (!_parts.Stop.IsSet)
        {
            _table = _parts.Table;
            var errno = Gather();
            Flush();
            if (errno == Errno.EAGAIN)
                _parts.Stop.WaitToRead(_parts.Device.Descriptor);
            else if (errno is not (0 or Errno.EINTR))
                return errno;
        }
        return 0;
    }

    public void Dispose()
    {
        _packets.Dispose();
        _headers.Dispose();
        _batch.Dispose();
    }

    private int Gather()
    {
        var header = _parts.Device.HeaderLength;
        for (var used = 0; used < BatchLength && _batch.HasRoom;)
        {
            var read = _parts.Device.Read(_packets, used, header + LongestPacket, out var errno);
            if (read < 0)
                return errno;
            if (read < header)
                continue;
            var offload = header > 0 ? VirtioHeader.Read(_packets.Slice(used, header)) : default;
            Take(used + header, read - header, offload);
            used += read;
        }
        return 0;
    }

    private void Take(int offset, int length, VirtioHeader offload)
    {
        var packet = _packets.Slice(offset, length);
        var reason = Packet.Check(packet);
        var family = reason == DropReason.None ? _table.Of(packet) : null;
        if (reason == DropReason.None && family is null)
            reason = DropReason.NotIPv4;
        if (reason == DropReason.None && offload is { NeedsChecksum: true, Kind: VirtioHeader.None } && !Checksums.TryComplete(packet, offload))
            reason = DropReason.BadOffload;
        var host = reason == DropReason.None ? family!.HostOf(Packet.Destination(packet)) : 0;
        if (reason == DropReason.None)
            reason = host == 0 ? DropReason.NoRoute : Packet.TimeToLive(packet) <= 1 ? DropReason.TimeExceeded : DropReason.None;
        if (reason != DropReason.None)
        {
            Drop(reason, packet);
            return;
        }
        Packet.DecrementTimeToLive(packet);
        if (offload.Kind == VirtioHeader.None)
            _batch.Add(host, _parts.Port, _packets, offset, length);
        else if (SuperPacket.TryRead(packet, offload, out var super))
            Cut(super, host, offset);
        else
            _counters.Drop(DropReason.BadOffload);
    }

    private void Drop(DropReason reason, ReadOnlySpan<byte> packet)
    {
        _counters.Drop(reason);
        var sent = reason switch
        {
            DropReason.NoRoute => Tell(IcmpError.Unreachable, 0, packet),
            DropReason.TimeExceeded when Packet.TimeToLive(packet) == 1 => Tell(IcmpError.TimeExceeded, 0, packet),
            _ => false,
        };
        if (sent)
            _counters.ErrorSent();
    }

    private void Cut(SuperPacket super, uint host, int offset)
    {
        var packet = _packets.Slice(offset, super.Length);
        for (var segment = 0; segment < super.Count; segment++)
        {
            if (!_batch.HasRoom || _headersUsed + LongestHeader + Short > HeadersLength)
                Flush();
            var (payload, length) = super.PayloadOf(segment);
            super.WriteHeader(segment, _headers.Slice(_headersUsed, super.HeaderLength));
            if (super.SegmentSize <= Short)
            {
                packet.Slice(payload, length).CopyTo(_headers.Slice(_headersUsed + super.HeaderLength, length));
                _batch.Add(host, _parts.Port, _headers, _headersUsed, super.HeaderLength + length);
                _headersUsed += super.HeaderLength + length;
                continue;
            }
            _batch.Add(host, _parts.Port, _headers, _headersUsed, super.HeaderLength, _packets, offset + payload, length);
            _headersUsed += super.HeaderLength;
        }
    }

    private void Flush()
    {
        _counters.Round(_batch.Packets);
        for (var message = 0; message < _batch.Count;)
        {
            var sent = _batch.Send(_parts.Socket, message, out var errno);
            if (sent > 0)
            {
                for (var i = message; i < message + sent; i++)
                    _counters.Carried(_batch.PacketsOf(i), _batch.BytesOf(i), 0, _batch.PacketsOf(i) > 1 ? _batch.PacketsOf(i) : 0);
                _counters.Carried(0, 0, 1, 0);
                message += sent;
            }
            else if (errno == Errno.EAGAIN && _parts.Stop.WaitToWrite(_parts.Socket.Descriptor))
                continue;
            else if (errno != Errno.EINTR)
                Retry(message++, errno);
        }
        _batch.Clear();
        _headersUsed = 0;
    }

    /// <summary>A message that the kernel did not take as it was.</summary>
    private void Retry(int message, int errno)
    {
        // EIO: udp_send_skb() found no checksum offload on the way out; it cannot cut then.
        if (errno == Errno.EIO && _batch.Merges)
        {
            _batch.Merges = false;
            _segmentsRefused();
        }
        var (packets, mtu) = (_batch.PacketsOf(message), errno == Errno.EMSGSIZE ? PathMtu(_batch.AddressOf(message)) : int.MaxValue);
        if (packets == 1 && errno is not (Errno.EMSGSIZE or Errno.EIO))
        {
            _counters.Drop(DropReason.Refused);
            return;
        }
        for (var packet = 0; packet < packets; packet++)
            SendAlone(message, packet, mtu);
    }

    private void SendAlone(int message, int packet, int mtu)
    {
        while (true)
        {
            var errno = _batch.SendAlone(_parts.Socket, message, packet);
            if (errno == Errno.EAGAIN && _parts.Stop.WaitToWrite(_parts.Socket.Descriptor) || errno == Errno.EINTR)
                continue;
            if (errno == 0)
                _counters.Carried(1, _batch.SegmentOf(message), 1, 0);
            else if (errno == Errno.EMSGSIZE)
                TooBig(message, packet, mtu < int.MaxValue ? mtu : PathMtu(_batch.AddressOf(message)));
            else
                _counters.Drop(DropReason.Refused);
            return;
        }
    }

    /// <summary>A packet that does not fit the way: its sender is told where it may not be fragmented, else the outer packet goes in fragments.</summary>
    private void TooBig(int message, int packet, int mtu)
    {
        var quote = _quote.AsSpan(0, _batch.CopyHead(message, packet, _quote));
        // Less than its least MTU no way of IPv6 may have (RFC 8200 section 5): below that the outer packet goes in fragments.
        if (Packet.IsV6(quote) && mtu > 0)
            mtu = Math.Max(mtu, Packet.LeastMtuV6);
        if (Packet.DontFragment(quote) && mtu > 0 && Packet.TotalLength(quote) > mtu)
        {
            _counters.Drop(DropReason.TooBig);
            // As it came to us: with the one that was taken from its time to live.
            Packet.RestoreTimeToLive(quote);
            if (Tell(IcmpError.TooBig, mtu, quote))
                _counters.ErrorSent();
            return;
        }
        _parts.Socket.SetFragments(true);
        if (_batch.SendAlone(_parts.Socket, message, packet) == 0)
            _counters.Carried(1, _batch.SegmentOf(message), 1, 0);
        else
            _counters.Drop(DropReason.Refused);
        _parts.Socket.SetFragments(false);
    }

    private int PathMtu(uint host) => UdpSocket.PathMtu(host, _parts.Port) - OuterHeaders;

    private bool Tell(IcmpError error, int mtu, ReadOnlySpan<byte> packet) => _table.Of(packet) is { } own && _parts.Errors.Send(own, error, mtu, packet);
}
