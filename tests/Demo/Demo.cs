using System.Diagnostics;
using System.Text.Json;
using FlannelPS.Lab;

namespace FlannelPS.Demo;

/// <summary>A flannel network of a few hosts on one machine, shown step by step.</summary>
internal sealed class Demo(DemoOptions options, Stopwatch clock) : IDisposable
{
    private Cluster? _cluster;

    /// <summary>Runs all of it.</summary>
    /// <returns>Whether all traffic passed, and a line that sums up.</returns>
    public async Task<(bool Worked, string Outcome)> RunAsync(CancellationToken cancellationToken)
    {
        string daemonName = options.Original ? "the original flanneld" : "flannelpsd";
        Console.WriteLine($"A flannel network of {options.Hosts} hosts: {daemonName}, backend {options.Backend}, store {options.Store}");
        Console.WriteLine();

        var network = new ClusterOptions { Hosts = options.Hosts, Backend = options.Backend, Etcd = options.Store == "etcd" };
        var cluster = _cluster = await Cluster.CreateAsync(network, Limit(20, cancellationToken));
        Say($"{options.Hosts} hosts are network namespaces on one bridge: {string.Join(", ", cluster.Hosts.Select(host => host.Address))}");
        Say(network.Etcd ? $"etcd serves {cluster.Endpoint}, from a folder of its own" : "the store is a folder that the hosts share");

        await (options.Original ? cluster.ConfigureByGatewayAsync(cancellationToken) : cluster.ConfigureAsync());
        Say($"the network configuration is in it: {network.Config}");

        await StartDaemonsAsync(cluster, Limit(10, cancellationToken));
        Say($"{daemonName} runs on each host and has written subnet.env; a workload stands behind each");

        await ShowLeasesAsync(cluster, cancellationToken);
        Console.WriteLine();
        Console.WriteLine("   subnet.env of host 1:");
        Show((await File.ReadAllTextAsync(cluster.Hosts[0].SubnetFile, cancellationToken)).TrimEnd());
        Console.WriteLine();

        await cluster.WaitForRoutesAsync(Limit(10, cancellationToken));
        Say("each host has its routes to the others");

        var workloads = cluster.Workloads;
        int failed = await ShowPingsAsync(workloads, full: false) + await ShowPingsAsync(workloads, full: true);
        cancellationToken.ThrowIfCancellationRequested();

        double throughput = await Traffic.TcpAsync(workloads[0], workloads[1], TimeSpan.FromSeconds(2));
        Say($"TCP from workload 1 to workload 2: {throughput:F1} Gbit/s");
        cancellationToken.ThrowIfCancellationRequested();

        int pings = 2 * options.Hosts * (options.Hosts - 1);
        return (failed == 0 && throughput > 0, $"{options.Hosts} hosts, {options.Backend}, {options.Store} store, {pings - failed} of {pings} pings, {throughput:F1} Gbit/s");
    }

    /// <summary>Says a line with the time since the start.</summary>
    public void Say(string text) => Console.WriteLine($"{clock.Elapsed.TotalSeconds,6:F2} s  {text}");

    /// <inheritdoc/>
    public void Dispose() => _cluster?.Dispose();

    private static CancellationToken Limit(int seconds, CancellationToken cancellationToken)
    {
        var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TimeSpan.FromSeconds(seconds));
        return limited.Token;
    }

    private static void Show(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            Console.WriteLine($"      {line}");
        }
    }

    private async Task StartDaemonsAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        if (!options.Original)
        {
            await Task.WhenAll(cluster.Hosts.Select(host => cluster.JoinAsync(host, original: false, cancellationToken)));
            return;
        }

        // The original takes only the first event of each watch response: started at once, hosts would miss each other's leases.
        foreach (var host in cluster.Hosts)
        {
            await cluster.JoinAsync(host, original: true, cancellationToken);
        }
    }

    private async Task ShowLeasesAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        Console.WriteLine();
        Console.WriteLine("   leases:");
        if (options.Original)
        {
            foreach (var (key, value) in await cluster.Gateway.GetPrefixAsync(Cluster.Prefix + "/subnets/", cancellationToken))
            {
                Show($"{key[(key.LastIndexOf('/') + 1)..],-16} {value}");
            }

            return;
        }

        // The daemon that started first may not have seen the last one's lease yet.
        JsonElement leases;
        var limit = Limit(5, cancellationToken);
        do
        {
            leases = await ControlSocket.AskAsync(cluster.Hosts[0].ControlSocket, "leases", limit);
        }
        while (leases.GetArrayLength() < options.Hosts && !limit.WaitHandle.WaitOne(20));

        foreach (var lease in leases.EnumerateArray())
        {
            Show(string.Join("  ", lease.EnumerateObject().Select(property => $"{property.Name}={property.Value}")));
        }
    }

    private async Task<int> ShowPingsAsync(IReadOnlyList<Workload> workloads, bool full)
    {
        var times = await Traffic.PingAllAsync(workloads, full);
        int failed = times.SelectMany((row, from) => row.Where((time, to) => from != to && time is null)).Count();
        int bytes = full ? Traffic.FullPayload(workloads[0], workloads[0].Address) + 28 : 84;
        Say($"pings between all workloads, packets of {bytes} bytes{(full ? ", the full MTU, with DF" : "")}: {(failed == 0 ? "all answered" : $"{failed} not answered")}");
        Console.WriteLine();
        Console.WriteLine("      ms" + string.Concat(workloads.Select((_, to) => $"{"to " + (to + 1),9}")));
        for (int from = 0; from < workloads.Count; from++)
        {
            Console.WriteLine($"   {"from " + (from + 1),7}" + string.Concat(times[from].Select((time, to) => $"{(from == to ? "-" : time?.ToString("F3") ?? "LOST"),9}"))[2..]);
        }

        Console.WriteLine();
        return failed;
    }
}
