using System.Globalization;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>Two hosts with a daemon and a workload each, and traffic between them: made for one measurement.</summary>
internal sealed class TunnelBed : IDisposable
{
    private const string Prefix = "/coreos.com/network";
    private readonly Underlay _underlay;
    private readonly LabEtcd _etcd;

    private TunnelBed(Underlay underlay, LabEtcd etcd, Pairing pairing)
    {
        (_underlay, _etcd, Pairing) = (underlay, etcd, pairing);
    }

    public Pairing Pairing { get; }

    public Host FirstHost => _underlay.Hosts[0];

    public Workload First => _underlay.Hosts[0].Workload;

    public Workload Second => _underlay.Hosts[1].Workload;

    public List<Daemon> Daemons { get; } = [];

    public string Endpoint => _etcd.Endpoint;

    /// <summary>Makes it, and waits until packets pass.</summary>
    /// <param name="pairing">What runs at the ends.</param>
    /// <param name="row">What for.</param>
    /// <param name="peers">Leases of imagined peers beside.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<TunnelBed> CreateAsync(Pairing pairing, TunnelRow row, int peers, CancellationToken cancellationToken)
    {
        var underlay = Underlay.Create(new() { Hosts = 2, Ipv6 = row.Dual });
        LabEtcd? etcd = null;
        try
        {
            etcd = await LabEtcd.StartAsync(underlay, cancellationToken);
            await etcd.Gateway.PutAsync(Prefix + "/config", $$$"""{"Network": "10.0.0.0/8", "SubnetLen": 24, "SubnetMax": "10.9.0.0"{{{(row.Dual ? """, "EnableIPv6": true, "IPv6Network": "fd00:10::/48" """ : "")}}}, "Backend": {"Type": "{{{pairing.Backend}}}"}}""", cancellationToken);
            await etcd.Gateway.PutAllAsync(
                Enumerable.Range(0, peers).Select(peer => KeyValuePair.Create(
                    $"{Prefix}/subnets/10.{100 + (peer / 256)}.{peer % 256}.0-24", $$"""{"PublicIP":"198.18.{{1 + (peer / 250)}}.{{1 + (peer % 250)}}","PublicIPv6":null}""")), cancellationToken);
            var bed = new TunnelBed(underlay, etcd, pairing);
            foreach (var (host, start) in underlay.Hosts.Zip(new[] { pairing.First, pairing.Second }))
            {
                if (row.LikeCard)
                {
                    Ethtool.MakeLikeCard(host);
                }

                var daemon = start(host, etcd.Endpoint);
                bed.Daemons.Add(daemon);
                host.AttachWorkload(await host.WaitForSubnetEnvAsync(daemon, cancellationToken));
                await Task.Delay(pairing.NeedsOriginal ? 500 : 100, cancellationToken);
            }

            for (int attempt = 0; await Traffic.PingAsync(bed.First.Namespace, bed.Second.Address, wait: TimeSpan.FromMilliseconds(200)) is null; attempt++)
            {
                if (attempt > 50)
                {
                    throw new TimeoutException($"{pairing.Name}: no ping between the workloads");
                }
            }

            return bed;
        }
        catch
        {
            underlay.Dispose();
            etcd?.Dispose();
            throw;
        }
    }

    /// <summary>CPU time of the daemons and of programs that have ended, and all time in soft interrupts; seconds.</summary>
    /// <remarks>Not the whole machine's: others work on it too. Their soft interrupts are few beside these.</remarks>
    public double CpuSeconds()
    {
        // proc(5): fields 16 and 17 of stat are the children's; softirq is the 7th number of /proc/stat's first line. In ticks of 10 ms.
        string stat = File.ReadAllText("/proc/self/stat");
        string[] own = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double softirq = double.Parse(File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[7], CultureInfo.InvariantCulture);
        return ((double.Parse(own[13], CultureInfo.InvariantCulture) + double.Parse(own[14], CultureInfo.InvariantCulture) + softirq) / 100) + DaemonSeconds();
    }

    /// <summary>CPU time of the daemons alone, seconds.</summary>
    public double DaemonSeconds() => Daemons.Sum(daemon => daemon.Usage.CpuTime.TotalSeconds);

    public void Dispose()
    {
        _underlay.Dispose();
        _etcd.Dispose();
    }
}
