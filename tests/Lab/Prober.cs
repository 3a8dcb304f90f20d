using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Lab;

/// <summary>What a prober saw in one direction.</summary>
/// <param name="Sent">Probes sent.</param>
/// <param name="Received">Probes that arrived.</param>
/// <param name="Lost">Sequence numbers that never arrived.</param>
/// <param name="LongestGap">The longest time between two arrivals.</param>
public sealed record ProbeReport(int Sent, int Received, IReadOnlyList<int> Lost, TimeSpan LongestGap)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Lost.Count} of {Sent} lost, longest gap {LongestGap.TotalMilliseconds:F0} ms";
}

/// <summary>Sends a numbered UDP datagram every 10 ms in both directions between two workloads, until it is stopped.</summary>
public sealed class Prober : IDisposable
{
    private const int Port = 7010;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly End _first;
    private readonly End _second;
    private readonly Thread _sender;
    private volatile bool _stopping;

    private Prober(Workload first, Workload second, bool ipv6)
    {
        var firstAddress = ipv6 ? first.Address6! : first.Address;
        var secondAddress = ipv6 ? second.Address6! : second.Address;
        _first = new(first.Namespace, firstAddress, secondAddress);
        _second = new(second.Namespace, secondAddress, firstAddress);
        _sender = new(Send) { IsBackground = true, Name = "prober" };
        _sender.Start();
    }

    /// <summary>Starts probing; IPv4 unless told otherwise.</summary>
    public static Prober Start(Workload first, Workload second, bool ipv6 = false) => new(first, second, ipv6);

    /// <summary>Waits until a number of probes have arrived in both directions, so that a loss later on is one.</summary>
    public async Task WaitUntilFlowingAsync(CancellationToken cancellationToken)
    {
        while (_first.Arrived < 5 || _second.Arrived < 5)
        {
            await Task.Delay(Interval, cancellationToken);
        }
    }

    /// <summary>Begins to count anew: what was lost up to here is forgotten.</summary>
    public void Restart()
    {
        _first.Forget(_second.Sent);
        _second.Forget(_first.Sent);
    }

    /// <summary>Stops sending, waits a second for what is on its way, and reports.</summary>
    /// <returns>From the first workload to the second, and back.</returns>
    public async Task<(ProbeReport There, ProbeReport Back)> StopAsync()
    {
        _stopping = true;
        _sender.Join();
        var clock = Stopwatch.StartNew();
        while ((_second.Missing(_first.Sent).Count > 0 || _first.Missing(_second.Sent).Count > 0) && clock.Elapsed < TimeSpan.FromSeconds(1))
        {
            await Task.Delay(Interval);
        }

        return (_second.Report(_first.Sent), _first.Report(_second.Sent));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _sender.Join();
        _first.Dispose();
        _second.Dispose();
    }

    private void Send()
    {
        // Against the clock, not from sleep to sleep, so that a late wake-up does not thin out the probes.
        long next = Stopwatch.GetTimestamp();
        while (!_stopping)
        {
            _first.SendNext();
            _second.SendNext();
            next += Interval.Ticks * (Stopwatch.Frequency / TimeSpan.TicksPerSecond);
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), next);
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }
        }
    }

    /// <summary>One workload's socket: sends its own numbers, and notes the other's.</summary>
    private sealed class End : IDisposable
    {
        private readonly Socket _socket;
        private readonly Thread _receiver;
        private readonly HashSet<int> _seen = [];
        private int _from;
        private long _lastArrival;
        private TimeSpan _longestGap;

        public End(NetworkNamespace place, IPAddress own, IPAddress other)
        {
            _socket = place.Run(() => new Socket(own.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            _socket.Bind(new IPEndPoint(own, Port));
            _socket.Connect(other, Port);
            _receiver = new(Receive) { IsBackground = true, Name = "prober" };
            _receiver.Start();
        }

        public int Sent { get; private set; }

        public int Arrived
        {
            get
            {
                lock (_seen)
                {
                    return _seen.Count;
                }
            }
        }

        public void SendNext()
        {
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, Sent++);
            try
            {
                _socket.Send(number);
            }
            catch (SocketException)
            {
                // No route, or an ICMP answer to an earlier one: a probe that is lost, and counted as such.
            }
        }

        public void Forget(int from)
        {
            lock (_seen)
            {
                _from = from;
                _longestGap = TimeSpan.Zero;
            }
        }

        public List<int> Missing(int sent)
        {
            lock (_seen)
            {
                return [.. Enumerable.Range(_from, Math.Max(sent - _from, 0)).Where(number => !_seen.Contains(number))];
            }
        }

        public ProbeReport Report(int sent)
        {
            var lost = Missing(sent);
            return new(sent - _from, sent - _from - lost.Count, lost, _longestGap);
        }

        public void Dispose()
        {
            _socket.Dispose();
            _receiver.Join();
        }

        private void Receive()
        {
            byte[] buffer = new byte[16];
            while (true)
            {
                int length;
                try
                {
                    length = _socket.Receive(buffer);
                }
                catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable)
                {
                    continue;
                }
                catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
                {
                    return;
                }

                if (length == 4)
                {
                    Note(BinaryPrimitives.ReadInt32BigEndian(buffer));
                }
            }
        }

        private void Note(int number)
        {
            lock (_seen)
            {
                _seen.Add(number);
                long now = Stopwatch.GetTimestamp();
                if (_lastArrival != 0 && Stopwatch.GetElapsedTime(_lastArrival, now) is var gap && gap > _longestGap)
                {
                    _longestGap = gap;
                }

                _lastArrival = now;
            }
        }
    }
}
