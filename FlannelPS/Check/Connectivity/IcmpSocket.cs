using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Checks;

/// <summary>What became of an echo request.</summary>
/// <param name="Time">There and back; null without an answer.</param>
/// <param name="Problem">What the kernel or a host on the way said; empty for silence.</param>
internal readonly record struct EchoAnswer(TimeSpan? Time, string Problem = "");

/// <summary>Echo requests of many lengths to many hosts at once, over one raw socket, never fragmented.</summary>
/// <remarks>
/// RFC 792; ip(7): IP_PMTUDISC_PROBE sets DF and does not listen to what is remembered of a path. Needs CAP_NET_RAW. The daemon's <see cref="EchoSocket"/> takes in marked packets alone, in
/// batches; this one is for a question now and then, and hears what hosts on the way say of it.
/// </remarks>
internal sealed class IcmpSocket : IAsyncDisposable
{
    /// <summary>IPv4 and ICMP headers, bytes.</summary>
    public const int Headers = 28;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp);
    private readonly ushort _identifier = (ushort)Random.Shared.Next(1, ushort.MaxValue);
    private readonly ConcurrentDictionary<ushort, (IPAddress To, long Sent, TaskCompletionSource<EchoAnswer> Answer)> _waiting = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private int _sequence;

    /// <summary>Opens it in the network namespace of the calling thread.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public IcmpSocket()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Any, 0));    // .NET receives from a socket only once it is bound
        _socket.SetRawSocketOption(UdpH.IPPROTO_IP, UdpH.IP_MTU_DISCOVER, BitConverter.GetBytes(IcmpH.IP_PMTUDISC_PROBE));
        _socket.ReceiveBufferSize = 1 << 20;
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>Asks a host.</summary>
    /// <param name="to">Whom.</param>
    /// <param name="length">Of the whole packet, bytes.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<EchoAnswer> AskAsync(IPAddress to, int length, TimeSpan patience, CancellationToken cancellationToken)
    {
        var sequence = (ushort)Interlocked.Increment(ref _sequence);
        var answer = new TaskCompletionSource<EchoAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[sequence] = (to, Stopwatch.GetTimestamp(), answer);
        try
        {
            await _socket.SendToAsync(Request(sequence, length), SocketFlags.None, new IPEndPoint(to, 0), cancellationToken).ConfigureAwait(false);
            return await answer.Task.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            return new(null, e.SocketErrorCode switch
            {
                SocketError.MessageSize => $"a packet of {length} bytes is longer than the device's MTU",
                SocketError.AccessDenied => "the kernel refused to send it: a firewall rule of this host's output (EPERM)",
                SocketError.NetworkUnreachable => "this host has no route there (ENETUNREACH)",
                SocketError.HostUnreachable => "nobody answers there on the link (EHOSTUNREACH)",
                _ => e.Message,
            });
        }
        catch (TimeoutException)
        {
            return default;
        }
        finally
        {
            _waiting.TryRemove(sequence, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private byte[] Request(ushort sequence, int length)
    {
        var packet = new byte[Math.Max(length - 20, 8)];
        packet[0] = IcmpH.ICMP_ECHO;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), _identifier);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), sequence);
        InternetChecksum.Store(packet.AsSpan(2), InternetChecksum.Add(packet));
        return packet;
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65536];
        var any = new IPEndPoint(IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token).ConfigureAwait(false);
                Take(buffer.AsSpan(0, received.ReceivedBytes), ((IPEndPoint)received.RemoteEndPoint).Address);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An error of an earlier packet, told at the next call.
            }
        }
    }

    /// <summary>An answer, or an error with the beginning of the request in it; anything else on the host's way is not ours.</summary>
    private void Take(ReadOnlySpan<byte> packet, IPAddress from)
    {
        var icmp = Payload(packet);
        if (icmp.Length < 8)
            return;
        if (icmp[0] == IcmpH.ICMP_ECHOREPLY)
        {
            if (Waiting(icmp) is { } waiting && waiting.To.Equals(from))
                waiting.Answer.TrySetResult(new(Stopwatch.GetElapsedTime(waiting.Sent)));
        }
        else if (icmp[0] is IcmpH.ICMP_DEST_UNREACH or IcmpH.ICMP_TIME_EXCEEDED)
        {
            var inner = Payload(icmp[8..]);
            if (inner.Length >= 8 && inner[0] == IcmpH.ICMP_ECHO && Waiting(inner) is { } asked)
                asked.Answer.TrySetResult(new(null, $"{from} says {Words(icmp[0], icmp[1], BinaryPrimitives.ReadUInt16BigEndian(icmp[6..]))}"));
        }
    }

    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> packet)
        => packet.Length >= 20 && (packet[0] & 15) * 4 is var header && packet.Length > header ? packet[header..] : default;

    private (IPAddress To, long Sent, TaskCompletionSource<EchoAnswer> Answer)? Waiting(ReadOnlySpan<byte> icmp)
        => BinaryPrimitives.ReadUInt16BigEndian(icmp[4..]) == _identifier && _waiting.TryGetValue(BinaryPrimitives.ReadUInt16BigEndian(icmp[6..]), out var waiting) ? waiting : null;

    /// <remarks>RFC 792, RFC 1812 section 5.2.7.1.</remarks>
    private static string Words(byte type, byte code, ushort mtu)
        => (type, code) switch
        {
            (IcmpH.ICMP_TIME_EXCEEDED, _) => "that the packet goes round in a circle (time exceeded)",
            (_, 0) => "that it has no route there (network unreachable)",
            (_, 1) => "that nobody answers there (host unreachable)",
            (_, 3) => "that nobody listens there (port unreachable), or its firewall rejects it",
            (_, 4) => $"that a packet may have {mtu} bytes there (fragmentation needed)",
            (_, 9 or 10 or 13) => "that its firewall rejects it (administratively prohibited)",
            _ => $"unreachable, code {code}",
        };
}
