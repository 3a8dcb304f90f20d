using System.Globalization;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>The lines of the udp backend's table, and how each is measured.</summary>
internal static class TunnelRows
{
    private static readonly TimeSpan Run = TimeSpan.FromSeconds(3);
    private static readonly Pairing[] Three = [Pairing.Ours, Pairing.Original, Pairing.Vxlan], Two = [Pairing.Ours, Pairing.Original];

    public static IReadOnlyList<TunnelRow> All { get; } =
    [
        new("udp-tcp1", "TCP, 1 stream", "Gbit/s", "15 times flanneld", Three, (bed, _) => TcpAsync(bed, 1)),
        new("udp-tcp1-ipv6", "TCP, 1 stream, IPv6 inside", "Gbit/s", "", [Pairing.Ours, Pairing.Vxlan], (bed, _) => Traffic.TcpAsync(bed.First, bed.Second, Run, ipv6: true), Dual: true),
        new("udp-tcp4", "TCP, 4 streams", "Gbit/s", "15 times flanneld", Three, (bed, _) => TcpAsync(bed, 4)),
        new("udp-tcp1-card", "TCP, 1 stream, link like a card's", "Gbit/s", "8 times flanneld, 0.6 of vxlan", Three, (bed, _) => TcpAsync(bed, 1), LikeCard: true),
        new("udp-cpu", "CPU a Gbyte, TCP 1 stream", "s", "an eighth of flanneld's", Three, (bed, _) => CpuAsync(bed)),
        new("udp-cpu-card", "CPU a Gbyte, link like a card's", "s", "a fifth of flanneld's", Three, (bed, _) => CpuAsync(bed), LikeCard: true),
        new("udp-to-flanneld", "TCP, 1 stream, to flanneld; contents the same", "Gbit/s", "not below flanneld to flanneld", [Pairing.ToOriginal, Pairing.Original], SameAndTcpAsync),
        new("udp-from-flanneld", "TCP, 1 stream, from flanneld; contents the same", "Gbit/s", "not below flanneld to flanneld", [Pairing.FromOriginal, Pairing.Original], SameAndTcpAsync),
        new("udp-64", "UDP, 64 bytes, bursts: delivered", "kpps", "3 times flanneld; above vxlan", Three, (bed, _) => BurstsAsync(bed, BurstForm.Datagrams)),
        new("udp-64-segments", "UDP, 64 bytes, bursts of one message: delivered", "kpps", "", Three, (bed, _) => BurstsAsync(bed, BurstForm.Segments)),
        new("udp-64-segments-card", "UDP, 64 bytes, bursts of one message, link like a card's: delivered", "kpps", "", Three, (bed, _) => BurstsAsync(bed, BurstForm.Segments), LikeCard: true),
        new("udp-interleaved", "daemons' CPU a packet, 16 flows interleaved, random sizes", "µs", "half of flanneld's", Two, (bed, _) => InterleavedAsync(bed)),
        new("udp-rtt50", "round trip, idle, p50", "ms", "not above flanneld's", Three, (bed, _) => RoundTripAsync(bed, 0.5)),
        new("udp-rtt99", "round trip, idle, p99", "ms", "not above flanneld's", Three, (bed, _) => RoundTripAsync(bed, 0.99)),
        new("udp-plain", "TCP, 1 stream, without any offload", "Gbit/s", "1.4 times flanneld", [Pairing.Plain, Pairing.Original], (bed, _) => TcpAsync(bed, 1)),
        new("udp-4000", "TCP, 1 stream: 4000 peers, and 1", "Gbit/s", "the same", [Pairing.Ours, Pairing.Ours], (bed, _) => TcpAsync(bed, 1), Peers: [4000, 0]),
        new("udp-memory", "RSS after 3 s of TCP", "MiB", "30", Two, (bed, _) => MemoryAsync(bed)),
        new("udp-lost-kill", "probes lost, kill -9 and started at once", "", "2", Two, (bed, token) => LostAsync(bed, 9, token)),
        new("udp-lost-term", "probes lost, SIGTERM and started at once", "", "2", Two, (bed, token) => LostAsync(bed, 15, token)),
        new("udp-lost-replace", "probes lost, --replace", "", "0", [Pairing.Ours], (bed, token) => LostAsync(bed, 0, token)),
        new("udp-lost-systemd", "probes lost, systemctl restart", "", "0", [Pairing.Ours], (bed, token) => LostUnderSystemdAsync(bed, token, "restart")),
        new("udp-lost-systemd-kill", "probes lost, kill -9 under Restart=on-failure", "", "2", [Pairing.Ours], (bed, token) => LostUnderSystemdAsync(bed, token, "kill", "-s", "KILL")),
        new("udp-hostile", "of a million hostile packets: let in", "", "0, all counted", [Pairing.Ours], Hostile.RunAsync, Rounds: 1),
    ];

    private static Task<double> TcpAsync(TunnelBed bed, int streams) => Traffic.TcpAsync(bed.First, bed.Second, Run, streams);

    private static async Task<double> SameAndTcpAsync(TunnelBed bed, CancellationToken cancellationToken)
    {
        await Transfer.AssertSameAsync(bed.First, bed.Second, 8 << 20, cancellationToken);
        return await TcpAsync(bed, 1);
    }

    private static async Task<double> CpuAsync(TunnelBed bed)
    {
        double before = bed.CpuSeconds();
        double gbits = await Traffic.TcpAsync(bed.First, bed.Second, Run);
        return (bed.CpuSeconds() - before) / (gbits * Run.TotalSeconds / 8);
    }

    private static async Task<double> BurstsAsync(TunnelBed bed, BurstForm form)
    {
        double before = bed.DaemonSeconds();
        var (received, sent) = await Bursts.RunAsync(bed.First, bed.Second, form, Run);
        Console.WriteLine($"  {received} of {sent} delivered, {(bed.DaemonSeconds() - before) * 1e6 / received:0.00} µs of the daemons' CPU a packet");
        return received / Run.TotalSeconds / 1000;
    }

    private static async Task<double> InterleavedAsync(TunnelBed bed)
    {
        double before = bed.DaemonSeconds();
        int received = await Interleaved.RunAsync(bed.First, bed.Second, Run);
        return (bed.DaemonSeconds() - before) * 1e6 / received;
    }

    private static async Task<double> RoundTripAsync(TunnelBed bed, double quantile)
    {
        // Past the start, and warm.
        await bed.First.Namespace.RunAsync("ping", "-n", "-q", "-c", "600", "-i", "0.005", $"{bed.Second.Address}");
        var pings = (await bed.First.Namespace.RunAsync("ping", "-n", "-c", "600", "-i", "0.005", $"{bed.Second.Address}")).ThrowIfFailed();
        double[] times = [.. pings.Output.Split('\n').Where(line => line.Contains("time=", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.IndexOf("time=", StringComparison.Ordinal) + 5)..].Split(' ')[0], CultureInfo.InvariantCulture)).Order()];
        return times[(int)(times.Length * quantile)];
    }

    private static async Task<double> MemoryAsync(TunnelBed bed)
    {
        await TcpAsync(bed, 1);
        return bed.Daemons.Max(daemon => daemon.Usage.ResidentBytes) / 1048576.0;
    }

    private static async Task<double> LostAsync(TunnelBed bed, int signal, CancellationToken cancellationToken)
    {
        using var prober = Prober.Start(bed.First, bed.Second);
        await prober.WaitUntilFlowingAsync(cancellationToken);
        await Task.Delay(500, cancellationToken);
        prober.Restart();
        if (signal == 0)
        {
            bed.FirstHost.StartFlannelpsd(bed.Endpoint, "--replace");
        }
        else
        {
            bed.Daemons[0].Signal(signal);
            await bed.Daemons[0].WaitForExitAsync(cancellationToken);
            bed.Pairing.First(bed.FirstHost, bed.Endpoint);
        }

        await Task.Delay(3000, cancellationToken);
        var (there, back) = await prober.StopAsync();
        return Math.Max(there.Lost.Count, back.Lost.Count);
    }

    private static async Task<double> LostUnderSystemdAsync(TunnelBed bed, CancellationToken cancellationToken, params string[] command)
    {
        if (SystemdHost.Missing is { } missing)
        {
            throw new InvalidOperationException(missing);
        }

        await bed.Daemons[0].StopAsync(TimeSpan.FromSeconds(5));
        using var systemd = SystemdHost.Start(bed.FirstHost, bed.Endpoint, "Restart=on-failure");
        await WaitForStartsAsync(1);
        using var prober = Prober.Start(bed.First, bed.Second);
        await prober.WaitUntilFlowingAsync(cancellationToken);
        await Task.Delay(500, cancellationToken);
        prober.Restart();
        (await systemd.ControlAsync([.. command, "flannelpsd.service"])).ThrowIfFailed();
        await WaitForStartsAsync(2);
        await Task.Delay(1000, cancellationToken);
        var (there, back) = await prober.StopAsync();
        return Math.Max(there.Lost.Count, back.Lost.Count);

        async Task WaitForStartsAsync(int count)
        {
            for (int attempt = 0; systemd.Log.Split("Ready:").Length <= count; attempt++)
            {
                if (attempt > 400)
                {
                    throw new TimeoutException($"the unit did not start: {systemd.Log}");
                }

                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
