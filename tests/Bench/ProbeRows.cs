using System.Diagnostics;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>What probing costs, with a thousand peers that really answer.</summary>
/// <remarks>
/// The peers are one namespace: the bridge's takes the tunnel packets for all their addresses in, and its kernel answers each echo request from the address that was asked. What the answering
/// costs is in part charged to the daemon, because a veth hands a packet over within the system call that sends it.
/// </remarks>
internal static class ProbeRows
{
    private const int Peers = 1000;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(60);

    // The answers come from one address, which has no lease.
    private static readonly Subject Lenient = Subject.Ours with { Start = (host, endpoint, flags) => Subject.Ours.Start(host, endpoint, ["--strict-peers=false", .. flags]) };

    public static IReadOnlyList<Row> All { get; } =
    [
        new("probe", "CPU of a daemon that probes 1000 peers, which answer, over 60 s", "%", "0.5", 1, "vxlan", Peers,
            (bed, _, token) => MeasureAsync(bed, (_, daemon) => Task.FromResult(100 * daemon.Usage.CpuTime / Span), token), OursOnly: true),
        new("probe-traffic", "traffic of these probes and their answers, with all headers, for each peer", "kbit/s", "10", 1, "vxlan", Peers,
            (bed, _, token) => MeasureAsync(bed, async (host, _) => await BytesAsync(host) * 8 / 1000 / Span.TotalSeconds / Peers, token), OursOnly: true),
    ];

    private static Task<double> MeasureAsync(Bed bed, Func<Host, Daemon, Task<double>> read, CancellationToken cancellationToken) =>
        bed.OnFreshHostAsync(Lenient, async (host, daemon, _) =>
        {
            await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
            await AnswerAsync(bed.Underlay.Bridge, host);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(1));
            for (int reached = 0; reached < Peers; await Task.Delay(200, limit.Token))
            {
                reached = (await ControlSocket.AskAsync(host.ControlSocket, "status", cancellationToken)).GetProperty("probes").GetProperty("reachable").GetInt32();
            }

            double before = await read(host, daemon);
            var clock = Stopwatch.StartNew();
            await Task.Delay(Span, cancellationToken);
            return (await read(host, daemon) - before) * (Span / clock.Elapsed);
        });

    /// <summary>Lets a namespace answer for all peers.</summary>
    private static async Task AnswerAsync(NetworkNamespace place, Host host)
    {
        var env = SubnetEnv.Parse(await File.ReadAllTextAsync(host.SubnetFile));
        string own = env.Key[..env.Key.IndexOf('-')];
        string mac = (await host.Namespace.RunAsync("ip", "-o", "link", "show", "flannel.1")).ThrowIfFailed().Output.Split("link/ether ")[1].Split(' ')[0];
        await place.RunAsync("ip", "link", "del", "probed");
        place.Sysctl("net/ipv4/conf/all/rp_filter", "0");
        place.Sysctl("net/ipv4/conf/default/rp_filter", "0");
        place.Ip(
            "link add probed type vxlan id 1 dstport 8472 local 198.18.0.1 nolearning",
            "link set probed mtu 1450 up",
            $"neigh replace {own} lladdr {mac} dev probed",
            $"route replace {own}/32 dev probed",
            // Whatever is sent to a peer's host or its tunnel end is for this namespace.
            "route replace local 198.18.1.0/24 dev lo", "route replace local 198.18.2.0/24 dev lo", "route replace local 198.18.3.0/24 dev lo", "route replace local 198.18.4.0/24 dev lo",
            "route replace local 10.16.0.0/13 dev lo");
        (await place.RunAsync("bridge", "fdb", "append", mac, "dev", "probed", "dst", host.Address.ToString())).ThrowIfFailed();
        (await place.RunAsync("nft", "table netdev probed { chain in { type filter hook ingress device probed priority 0; meta pkttype set host; }; }")).ThrowIfFailed();
    }

    private static async Task<double> BytesAsync(Host host)
    {
        // Received bytes are the first column, sent ones the ninth.
        string[] columns = (await host.Namespace.RunAsync("cat", "/proc/net/dev")).ThrowIfFailed().Output.Split("eth0:")[1].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return double.Parse(columns[0], System.Globalization.CultureInfo.InvariantCulture) + double.Parse(columns[8], System.Globalization.CultureInfo.InvariantCulture);
    }
}
