using System.Diagnostics;
using System.Net;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>What one row is measured on: an underlay with etcd on it, the leases of imagined peers, a fresh host for each run.</summary>
internal sealed class Bed : IDisposable
{
    private const string Prefix = "/coreos.com/network";
    private readonly string _backend;
    private readonly LabEtcd _etcd;

    private Bed(Underlay underlay, LabEtcd etcd, string backend, int leases)
    {
        Leases = leases;
        Underlay = underlay;
        _etcd = etcd;
        _backend = backend;
    }

    /// <summary>First byte of the overlay, 10.0.0.0/8.</summary>
    public const byte Network = 10;

    public Underlay Underlay { get; }

    /// <summary>How many leases stand in the store from the start.</summary>
    public int Leases { get; }

    public bool RoutesOnly => _backend == "host-gw";

    /// <summary>Makes a bed with a number of leases in its store.</summary>
    public static async Task<Bed> CreateAsync(string backend, int leases, bool tls, CancellationToken cancellationToken)
    {
        var underlay = Underlay.Create(new() { Hosts = 0 });
        try
        {
            var bed = new Bed(underlay, tls ? await LabEtcd.StartTlsAsync(underlay, cancellationToken) : await LabEtcd.StartAsync(underlay, cancellationToken), backend, leases);
            await bed._etcd.Gateway.PutAsync(Prefix + "/config", $$$"""{"Network": "10.0.0.0/8", "SubnetLen": 24, "Backend": {"Type": "{{{backend}}}"}}""", cancellationToken);
            await bed._etcd.Gateway.PutAllAsync(Enumerable.Range(0, leases).Select(bed.Lease), cancellationToken);
            return bed;
        }
        catch
        {
            underlay.Dispose();
            throw;
        }
    }

    /// <summary>The subnet of an imagined peer; not among the first hundred, where the original looks for a free one.</summary>
    public static IPAddress Subnet(int peer) => new([Network, (byte)(16 + (peer / 256)), (byte)peer, 0]);

    public Task PutAsync(int peer, CancellationToken cancellationToken)
    {
        var (key, value) = Lease(peer);
        return _etcd.Gateway.PutAsync(key, value, cancellationToken);
    }

    /// <summary>Starts a subject on a host.</summary>
    public Daemon Start(Subject subject, Host host) =>
        subject.Start(host, _etcd.Endpoint, _etcd.CaFile is null ? [] : [$"--etcd-cafile={_etcd.CaFile}"]);

    /// <summary>Takes the leases of the first peers away again.</summary>
    public async Task DeletePeersAsync(int count, CancellationToken cancellationToken)
    {
        for (int peer = 0; peer < count; peer++)
        {
            await _etcd.Gateway.DeletePrefixAsync(Lease(peer).Key, cancellationToken);
        }
    }

    /// <summary>Starts a subject on a fresh host, measures, stops it, and takes its lease away: the next one finds the store as this one did.</summary>
    /// <param name="subject">What is started.</param>
    /// <param name="measure">Gets the host, the daemon and what its kernel tells.</param>
    /// <param name="prepare">Done just before it is started.</param>
    public async Task<T> OnFreshHostAsync<T>(Subject subject, Func<Host, Daemon, KernelMonitor, Task<T>> measure, Action? prepare = null)
    {
        var host = Underlay.AddHost();
        prepare?.Invoke();
        using var monitor = new KernelMonitor(host.Namespace, Network);
        var daemon = Start(subject, host);
        try
        {
            return await measure(host, daemon, monitor);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            throw new InvalidOperationException($"{failure.Message}; the end of its log: {daemon.Log[^Math.Min(daemon.Log.Length, 400)..]}", failure);
        }
        finally
        {
            string? own = File.Exists(host.SubnetFile) ? SubnetEnv.Parse(await File.ReadAllTextAsync(host.SubnetFile)).Key : null;
            host.Dispose();
            monitor.Dispose();
            // The kernel takes thousands of entries apart after the namespace is gone from sight and from every socket, and holds its lock meanwhile.
            if (Leases > 1000)
            {
                await Task.Delay(TimeSpan.FromSeconds(Leases / 1600.0), CancellationToken.None);
            }
            if (own is not null)
            {
                await _etcd.Gateway.DeletePrefixAsync($"{Prefix}/subnets/{own}", CancellationToken.None);
            }
        }
    }

    /// <summary>Milliseconds from a daemon's execution to a timestamp.</summary>
    public static double Since(Daemon daemon, long timestamp) => Stopwatch.GetElapsedTime(daemon.StartedAt, timestamp).TotalMilliseconds;

    public void Dispose()
    {
        Underlay.Dispose();
        _etcd.Dispose();
    }

    private KeyValuePair<string, string> Lease(int peer)
    {
        string address = $"198.18.{1 + (peer / 250)}.{1 + (peer % 250)}";
        string rest = _backend == "vxlan"
            ? $$$""","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:{{{peer / 256:x2}}}:{{{peer % 256:x2}}}"}}"""
            : $$$""","BackendType":"{{{_backend}}}"}""";
        return new($"{Prefix}/subnets/{Subnet(peer)}-24", $$$"""{"PublicIP":"{{{address}}}","PublicIPv6":null{{{rest}}}""");
    }
}
