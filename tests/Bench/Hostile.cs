using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>A million datagrams that must not come in, at a daemon's tunnel: of a stranger's port, and as a peer's, whose daemon makes place.</summary>
internal static class Hostile
{
    private const int Million = 1_000_000, Together = 2000;
    private const ushort Port = 8285;

    /// <summary>Sends them.</summary>
    /// <returns>Packets that the device gave to the kernel meanwhile.</returns>
    /// <exception cref="InvalidOperationException">The daemon has ended, or did not count them all.</exception>
    public static async Task<double> RunAsync(TunnelBed bed, CancellationToken cancellationToken)
    {
        await bed.Daemons[1].StopAsync(TimeSpan.FromSeconds(5));
        var host = bed.Second.Host;
        using var peer = Open(host, Port);
        using var stranger = Open(host, 9999);
        var to = new IPEndPoint(bed.FirstHost.Address, Port);
        var packets = Packets(bed).ToArray();
        long before = await DroppedAsync(bed, cancellationToken), letInBefore = await LetInAsync(bed);
        for (int sent = 0; sent < Million; sent += Together)
        {
            for (int i = sent; i < sent + Together; i++)
            {
                (i % 4 == 0 ? stranger : peer).SendTo(packets[i % packets.Length], to);
            }

            // Not faster than the daemon takes them: what its socket has no room for is nobody's to count.
            for (int attempt = 0; await DroppedAsync(bed, cancellationToken) - before < sent + Together; attempt++)
            {
                if (attempt > 5000 || bed.Daemons[0].HasEnded)
                {
                    throw new InvalidOperationException($"{await DroppedAsync(bed, cancellationToken) - before} of {sent + Together} counted: {bed.Daemons[0].Log}");
                }

                await Task.Delay(1, cancellationToken);
            }
        }

        return await LetInAsync(bed) - letInBefore;
    }

    private static Socket Open(Host host, int port)
    {
        var socket = host.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(host.Address, port));
        return socket;
    }

    private static async Task<long> DroppedAsync(TunnelBed bed, CancellationToken cancellationToken) =>
        (await ControlSocket.AskAsync(bed.FirstHost.ControlSocket, "status", cancellationToken)).GetProperty("tunnel").GetProperty("received").GetProperty("dropped")
            .EnumerateObject().Sum(reason => reason.Value.GetInt64());

    /// <summary>What the kernel itself counts.</summary>
    private static async Task<long> LetInAsync(TunnelBed bed)
    {
        using var told = JsonDocument.Parse((await bed.FirstHost.Namespace.RunAsync("ip", "-s", "-j", "link", "show", "flannel0")).ThrowIfFailed().Output);
        return told.RootElement[0].GetProperty("stats64").GetProperty("rx").GetProperty("packets").GetInt64();
    }

    /// <summary>Truncated, with lying lengths, spoofed, fragments, TTL 0 and 1, IPv6, empty, oversized.</summary>
    private static IEnumerable<byte[]> Packets(TunnelBed bed)
    {
        byte[] good = Packet(bed.Second.Address, bed.First.Address, 200);
        yield return [];
        yield return good[..19];
        yield return good[..100];
        yield return [.. good, 0];
        yield return With(good, 0, 0x44);
        yield return With(good, 0, 0x4f)[..40];
        yield return With(good, 2, 0xff);
        yield return With(good, 0, 0x60);
        yield return With(good, 10, (byte)(good[10] ^ 1));
        yield return Packet(bed.Second.Address, bed.First.Address, 200, ttl: 0);
        yield return Packet(bed.Second.Address, bed.First.Address, 200, ttl: 1);
        yield return Packet(bed.Second.Address, bed.First.Address, 1473);
        yield return Packet(bed.Second.Address, IPAddress.Parse("192.0.2.1"), 64);
        yield return Packet(bed.First.Address, bed.First.Address, 64);
        yield return Packet(IPAddress.Parse("192.0.2.1"), bed.First.Address, 64);
        yield return Packet(IPAddress.Parse("192.0.2.1"), bed.First.Address, 64, fragment: 0x2000);
        yield return Packet(IPAddress.Parse("192.0.2.1"), bed.First.Address, 64, fragment: 100);
    }

    private static byte[] With(byte[] packet, int at, byte value)
    {
        byte[] changed = [.. packet];
        changed[at] = value;
        return changed;
    }

    private static byte[] Packet(IPAddress from, IPAddress to, int length, byte ttl = 60, ushort fragment = 0)
    {
        byte[] packet = new byte[length];
        (packet[0], packet[8], packet[9]) = (0x45, ttl, 17);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), fragment);
        from.TryWriteBytes(packet.AsSpan(12), out _);
        to.TryWriteBytes(packet.AsSpan(16), out _);
        uint sum = 0;
        for (int i = 0; i < 20; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(i));
        }

        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), (ushort)~((sum & 0xffff) + (sum >> 16)));
        return packet;
    }
}
