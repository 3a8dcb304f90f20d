using System.Collections.Concurrent;
using System.Net;

namespace FlannelPS.Lab;

/// <summary>What a flannel network in the lab looks like.</summary>
public sealed record ClusterOptions
{
    /// <summary>How many hosts.</summary>
    public int Hosts { get; init; } = 3;

    /// <summary>Whether the store is etcd; else a local store's folder.</summary>
    public bool Etcd { get; init; } = true;

    /// <summary>Type of the backend.</summary>
    public string Backend { get; init; } = "vxlan";

    /// <summary>Further members of the Backend object, such as <c>"DirectRouting": true</c>.</summary>
    public string BackendMembers { get; init; } = "";

    /// <summary>Whether with IPv6 as well.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>MTU of the underlay, in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The network's configuration, as an operator writes it.</summary>
    public string Config
    {
        get
        {
            string ipv6 = Ipv6 ? """, "EnableIPv6": true, "IPv6Network": "fd00:42::/48" """.TrimEnd() : "";
            string members = BackendMembers.Length > 0 ? ", " + BackendMembers : "";
            return $$$"""{"Network": "10.42.0.0/16"{{{ipv6}}}, "Backend": {"Type": "{{{Backend}}}"{{{members}}}}}""";
        }
    }
}

/// <summary>A flannel network in the lab: an underlay, a store with the configuration in it, and hosts that join with one daemon or the other.</summary>
public sealed class Cluster : IDisposable
{
    /// <summary>Where flannel keeps its keys.</summary>
    public const string Prefix = "/coreos.com/network";

    private readonly ConcurrentDictionary<Host, SubnetEnv> _subnets = [];
    private readonly LabEtcd? _etcd;
    private bool _hasOriginal;

    private Cluster(ClusterOptions options, Underlay underlay, LabEtcd? etcd)
    {
        Options = options;
        Underlay = underlay;
        _etcd = etcd;
        Endpoint = etcd?.Endpoint ?? "local:" + Directory.CreateDirectory(Path.Combine(underlay.Folder, "store")).FullName;
    }

    /// <summary>What it was made with.</summary>
    public ClusterOptions Options { get; }

    /// <summary>The hosts and what joins them.</summary>
    public Underlay Underlay { get; }

    /// <summary>The hosts.</summary>
    public IReadOnlyList<Host> Hosts => Underlay.Hosts;

    /// <summary>What daemons are given as endpoint.</summary>
    public string Endpoint { get; }

    /// <summary>A way into etcd that is not the engine's.</summary>
    public EtcdGateway Gateway => _etcd?.Gateway ?? throw new InvalidOperationException("the store of this cluster is a folder");

    /// <summary>The workloads of the hosts that have joined.</summary>
    public IReadOnlyList<Workload> Workloads => [.. Hosts.Where(_subnets.ContainsKey).Select(host => host.Workload)];

    /// <summary>Makes underlay and store. The configuration is written by the caller, who may want to see what happens without.</summary>
    public static async Task<Cluster> CreateAsync(ClusterOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var underlay = Underlay.Create(new() { Hosts = options.Hosts, Mtu = options.Mtu, Ipv6 = options.Ipv6 });
        try
        {
            return new(options, underlay, options.Etcd ? await LabEtcd.StartAsync(underlay, cancellationToken) : null);
        }
        catch
        {
            underlay.Dispose();
            throw;
        }
    }

    /// <summary>Writes the configuration as the operator does: with <c>flannelpsd --set-config</c>.</summary>
    public async Task ConfigureAsync()
    {
        string file = Path.Combine(Underlay.Folder, "config.json");
        await File.WriteAllTextAsync(file, Options.Config);
        (await Underlay.Bridge.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={Endpoint}", $"--set-config={file}")).ThrowIfFailed();
    }

    /// <summary>Writes the configuration without a daemon of ours.</summary>
    public Task ConfigureByGatewayAsync(CancellationToken cancellationToken) => Gateway.PutAsync(Prefix + "/config", Options.Config, cancellationToken);

    /// <summary>Starts a daemon on a host, waits for subnet.env, and puts a workload behind the host when it has none yet for that subnet.</summary>
    /// <remarks>Ours may join at once; where the original takes part, hosts have to join one after another.</remarks>
    /// <param name="host">The host.</param>
    /// <param name="original">Whether the original flanneld.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="flags">Further flags.</param>
    public async Task<Daemon> JoinAsync(Host host, bool original, CancellationToken cancellationToken, params IReadOnlyList<string> flags)
    {
        var daemon = original ? host.StartFlanneld(Endpoint, flags) : host.StartFlannelpsd(Endpoint, flags);
        var subnet = await host.WaitForSubnetEnvAsync(daemon, cancellationToken);
        if (!_subnets.TryGetValue(host, out var before) || before != subnet)
        {
            _subnets[host] = subnet;
            host.AttachWorkload(subnet);
        }

        _hasOriginal |= original;
        if (_hasOriginal)
        {
            // The original writes subnet.env before it watches, and opens a new watch after each event: what happens in between it never learns.
            await Task.Delay(300, cancellationToken);
        }

        return daemon;
    }

    /// <summary>The subnet a host had when it joined last.</summary>
    public SubnetEnv SubnetOf(Host host) => _subnets[host];

    /// <summary>Waits until each host that has joined routes to the subnets of all others.</summary>
    /// <exception cref="TimeoutException">Names host and subnet.</exception>
    public async Task WaitForRoutesAsync(CancellationToken cancellationToken)
    {
        foreach (var host in _subnets.Keys)
        {
            while (await MissingRouteAsync(host) is { } missing)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    throw new TimeoutException($"host {host.Number} has no route to {missing}");
                }

                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    /// <summary>Pings between all pairs, small and with the full MTU, over each family the network has.</summary>
    /// <returns>A line for each ping that was not answered.</returns>
    public async Task<IReadOnlyList<string>> FailedPingsAsync()
    {
        var failed = new List<string>();
        var workloads = Workloads;
        foreach (bool ipv6 in Options.Ipv6 ? new[] { false, true } : [false])
        {
            foreach (bool full in new[] { false, true })
            {
                var times = await Traffic.PingAllAsync(workloads, full, ipv6);
                failed.AddRange(
                    from i in Enumerable.Range(0, workloads.Count)
                    from j in Enumerable.Range(0, workloads.Count)
                    where i != j && times[i][j] is null
                    select $"{(ipv6 ? "IPv6" : "IPv4")} {(full ? "full MTU" : "small")}: host {workloads[i].Host.Number} to {workloads[j].Host.Number}");
            }
        }

        return failed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The daemons end before their store, so that none of them has to notice.
        Underlay.Dispose();
        _etcd?.Dispose();
    }

    private async Task<string?> MissingRouteAsync(Host host)
    {
        string routes = (await host.Namespace.RunAsync("ip", "-4", "route", "show")).Output;
        string? missing = _subnets.Values.Select(subnet => subnet.Subnet.ToString()).FirstOrDefault(subnet => !routes.Contains(subnet + " ", StringComparison.Ordinal));
        if (missing is not null || !Options.Ipv6)
        {
            return missing;
        }

        string routes6 = (await host.Namespace.RunAsync("ip", "-6", "route", "show")).Output;
        return _subnets.Values.Select(subnet => Subnet6(subnet.Gateway6!, subnet.Length6)).FirstOrDefault(subnet => !routes6.Contains(subnet + " ", StringComparison.Ordinal));
    }

    private static string Subnet6(IPAddress gateway, int length)
    {
        byte[] bytes = gateway.GetAddressBytes();
        bytes.AsSpan(length / 8).Clear();
        return $"{new IPAddress(bytes)}/{length}";
    }
}
