using System.Diagnostics;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>The lines of the table, and how each is measured.</summary>
internal static class Rows
{
    private const int BurstCount = 1000;
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("start", "exec to subnet.env, vxlan, etcd over http", "ms", "25, half of flanneld", 11, "vxlan", 0, StartAsync),
        new("fill-4000", "start with 4000 leases until all routes, neighbours and FDB entries stand, vxlan", "ms", "400", 3, "vxlan", 4000, FillAsync),
        new("fill-4000-gw", "the same, host-gw (routes)", "ms", "400", 3, "host-gw", 4000, FillAsync),
        new("fill-16000", "the same with 16 000, vxlan", "ms", "1200", 3, "vxlan", 16_000, FillAsync, OursOnly: true),
        new("fill-16000-gw", "the same with 16 000, host-gw", "ms", "1200", 3, "host-gw", 16_000, FillAsync, OursOnly: true),
        new("restart", "restart with 4000 unchanged peers until ready (flanneld: until it no longer computes)", "ms", "200", 3, "vxlan", 4000, RestartTimeAsync),
        new("restart-changes", "changes the kernel tells of during that restart", "", "0", 1, "vxlan", 4000, RestartChangesAsync),
        new("burst", "1000 leases put at once: from the last put's answer until all are programmed", "ms", "150", 3, "vxlan", 0, BurstAsync),
        new("burst-programmed", "of these 1000, programmed", "", "1000", 1, "vxlan", 0, BurstProgrammedAsync),
        new("latency", "one lease put in etcd to its route in the kernel (median of 100)", "ms", "not above flanneld", 3, "vxlan", 0, LatencyAsync),
        new("memory", "RSS, http store, 10 s after the start, no peers", "MiB", "14", 3, "vxlan", 0, MemoryAsync),
        new("memory-4000", "RSS, http store, 10 s after 4000 leases stand", "MiB", "24", 1, "vxlan", 4000, MemoryAsync),
        new("memory-https", "RSS, https store, 10 s after the start, no peers", "MiB", "22", 3, "vxlan", 0, MemoryAsync, OursOnly: true, Tls: true),
        new("cpu", "CPU of an idle daemon over 60 s", "%", "0.05", 1, "vxlan", 0, CpuAsync),
        new("size", "size of the daemon's file", "MiB", "12", 1, "vxlan", 0, (_, subject, _) => Task.FromResult(new FileInfo(subject.Program).Length / 1048576.0)),
        .. ProbeRows.All,
    ];

    private static Task<double> StartAsync(Bed bed, Subject subject, CancellationToken cancellationToken)
    {
        // The watcher is told of the rename by inotify; it stands before the daemon is executed.
        var written = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var watcher = new FileSystemWatcher(bed.Underlay.Folder) { IncludeSubdirectories = true };
        void Seen(object sender, FileSystemEventArgs change)
        {
            if (change.Name?.EndsWith("/subnet.env", StringComparison.Ordinal) == true)
            {
                written.TrySetResult(Stopwatch.GetTimestamp());
            }
        }

        watcher.Created += Seen;
        watcher.Renamed += Seen;
        return bed.OnFreshHostAsync(
            subject,
            prepare: () => watcher.EnableRaisingEvents = true,
            measure: async (_, daemon, _) =>
            {
                using (watcher)
                {
                    return Bed.Since(daemon, await written.Task.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken));
                }
            });
    }

    private static Task<double> FillAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        bed.OnFreshHostAsync(subject, async (_, daemon, monitor) => Bed.Since(daemon, await FilledAsync(bed, monitor, cancellationToken)));

    private static async Task<long> FilledAsync(Bed bed, KernelMonitor monitor, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(4));
        return await monitor.WaitForPeersAsync(bed.Leases, bed.RoutesOnly, limit.Token);
    }

    private static async Task<double> RestartTimeAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        (await RestartAsync(bed, subject, cancellationToken)).Milliseconds;

    private static async Task<double> RestartChangesAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        (await RestartAsync(bed, subject, cancellationToken)).Changes;

    private static Task<(double Milliseconds, int Changes)> RestartAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        bed.OnFreshHostAsync(subject, async (host, first, monitor) =>
        {
            await FilledAsync(bed, monitor, cancellationToken);
            await monitor.WaitForQuietAsync(Quiet, cancellationToken);
            await first.StopAsync(TimeSpan.FromSeconds(10));
            int before = monitor.Changes;
            var again = bed.Start(subject, host);

            // The original does not tell when it is ready, and what it writes over with the same the kernel does not tell of.
            long ready = subject == Subject.Ours ? await ReadyAsync(host, cancellationToken) : await RestsAsync(again, cancellationToken);
            await monitor.WaitForQuietAsync(Quiet, cancellationToken);
            return (Bed.Since(again, ready), monitor.Changes - before);
        });

    private static async Task<long> ReadyAsync(Host host, CancellationToken cancellationToken)
    {
        using var http = NamespaceHttp.Create(host.Namespace);
        var address = new Uri($"http://127.0.0.1:{Subject.HealthPort}/readyz");
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(address, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return Stopwatch.GetTimestamp();
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(2, cancellationToken);
        }
    }

    private static async Task<long> RestsAsync(Daemon daemon, CancellationToken cancellationToken)
    {
        long last = Stopwatch.GetTimestamp();
        var used = daemon.Usage.CpuTime;
        while (Stopwatch.GetElapsedTime(last) < TimeSpan.FromSeconds(2))
        {
            await Task.Delay(10, cancellationToken);
            if (daemon.Usage.CpuTime is var now && now != used)
            {
                (used, last) = (now, Stopwatch.GetTimestamp());
            }
        }

        return last;
    }

    private static async Task<double> BurstAsync(Bed bed, Subject subject, CancellationToken cancellationToken)
    {
        var (milliseconds, programmed) = await PutBurstAsync(bed, subject, cancellationToken);
        return programmed == BurstCount ? milliseconds : throw new InvalidOperationException($"only {programmed} of {BurstCount} were programmed");
    }

    private static async Task<double> BurstProgrammedAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        (await PutBurstAsync(bed, subject, cancellationToken)).Programmed;

    private static async Task<(double Milliseconds, int Programmed)> PutBurstAsync(Bed bed, Subject subject, CancellationToken cancellationToken)
    {
        var result = await bed.OnFreshHostAsync(subject, async (host, daemon, monitor) =>
        {
            await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
            await Task.Delay(Quiet, cancellationToken);
            await Parallel.ForEachAsync(
                Enumerable.Range(0, BurstCount),
                new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken },
                async (peer, token) => await bed.PutAsync(peer, token));
            long put = Stopwatch.GetTimestamp();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(10));
            try
            {
                long last = await monitor.WaitForPeersAsync(BurstCount, bed.RoutesOnly, limit.Token);
                return (Stopwatch.GetElapsedTime(put, last).TotalMilliseconds, BurstCount);
            }
            catch (TimeoutException)
            {
                return (Stopwatch.GetElapsedTime(put, monitor.LastChange).TotalMilliseconds, monitor.Seen.Routes);
            }
        });
        await bed.DeletePeersAsync(BurstCount, cancellationToken);
        return result;
    }

    private static async Task<double> LatencyAsync(Bed bed, Subject subject, CancellationToken cancellationToken)
    {
        const int Count = 100;
        double median = await bed.OnFreshHostAsync(subject, async (host, daemon, monitor) =>
        {
            await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
            await Task.Delay(Quiet, cancellationToken);
            var times = new List<double>();
            for (int peer = 0; peer < Count; peer++)
            {
                long before = Stopwatch.GetTimestamp();
                await bed.PutAsync(peer, cancellationToken);
                long stood = await monitor.WaitForRouteAsync(Bed.Subnet(peer), cancellationToken).WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(before, stood).TotalMilliseconds);

                // The original opens a new watch after each event and misses what comes meanwhile.
                await Task.Delay(30, cancellationToken);
            }

            return Table.Median(times);
        });
        await bed.DeletePeersAsync(Count, cancellationToken);
        return median;
    }

    private static Task<double> MemoryAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        bed.OnFreshHostAsync(subject, async (host, daemon, monitor) =>
        {
            await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
            await FilledAsync(bed, monitor, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
            return daemon.Usage.ResidentBytes / 1048576.0;
        });

    private static Task<double> CpuAsync(Bed bed, Subject subject, CancellationToken cancellationToken) =>
        bed.OnFreshHostAsync(subject, async (host, daemon, _) =>
        {
            await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
            var before = daemon.Usage.CpuTime;
            var clock = Stopwatch.StartNew();
            await Task.Delay(TimeSpan.FromSeconds(60), cancellationToken);
            return 100 * (daemon.Usage.CpuTime - before) / clock.Elapsed;
        });
}
