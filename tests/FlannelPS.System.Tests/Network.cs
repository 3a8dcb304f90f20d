namespace FlannelPS.SystemTests;

/// <summary>Hosts in namespaces, a store, and the daemons on them. It goes with all that runs in it.</summary>
internal sealed class Network : IDisposable
{
    public const string Prefix = "/coreos.com/network";
    private readonly List<LabEtcd> _etcd = [];
    private readonly Dictionary<Host, Node> _nodes = [];

    private Network(Underlay underlay, int limitSeconds) => (Underlay, Limit) = (underlay, LimitOf(limitSeconds));

    public Underlay Underlay { get; }

    public IReadOnlyList<Host> Hosts => Underlay.Hosts;

    /// <summary>What daemons are given as endpoints.</summary>
    public string Endpoints { get; private set; } = "";

    /// <summary>The members of the store; none with a local: store.</summary>
    public IReadOnlyList<LabEtcd> Members => _etcd;

    /// <summary>The store, asked without the engine.</summary>
    public EtcdGateway Store => _etcd[0].Gateway;

    /// <summary>The token that ends with the test, and after two minutes unless made otherwise.</summary>
    public CancellationToken Limit { get; }

    /// <summary>Makes hosts and a store with a configuration; no daemon yet.</summary>
    /// <param name="backend">Backend type, or a JSON object of the backend.</param>
    /// <param name="hosts">How many.</param>
    /// <param name="store">etcd or local.</param>
    /// <param name="dual">Whether with IPv6.</param>
    /// <param name="members">How many members etcd has.</param>
    /// <param name="config">A whole configuration in place of the usual one; empty for none.</param>
    /// <param name="limitSeconds">When what waits in it gives up.</param>
    public static async Task<Network> CreateAsync(
        string backend = "vxlan", int hosts = 2, string store = "etcd", bool dual = false, int members = 1, string? config = null, int limitSeconds = 120)
    {
        Requires.Daemon();
        if (store == "etcd")
        {
            Requires.Etcd();
        }

        var made = new Network(Underlay.Create(new() { Hosts = hosts, Ipv6 = dual }), limitSeconds);
        try
        {
            string text = config ?? Config(backend, dual);
            if (store == "etcd")
            {
                made._etcd.AddRange(await LabEtcd.StartClusterAsync(made.Underlay, members, made.Limit));
                made.Endpoints = string.Join(',', made._etcd.Select(member => member.Endpoint));
                if (text.Length > 0)
                {
                    await made.Store.PutAsync(Prefix + "/config", text, made.Limit);
                }
            }
            else
            {
                made.Endpoints = "local:" + Directory.CreateDirectory(Path.Combine(made.Underlay.Folder, "store")).FullName;
                (await made.SetConfigAsync(text)).ThrowIfFailed();
            }

            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>A configuration that gives x.y.1.0 to x.y.199.0: above that tests put leases of their own.</summary>
    public static string Config(string backend, bool dual = false, string network = "10.42.0.0/16") =>
        $$"""{"Network": "{{network}}", "SubnetLen": 24, "SubnetMax": "{{network.Replace(".0.0/16", ".199.0", StringComparison.Ordinal)}}"{{(dual ? """, "EnableIPv6": true, "IPv6Network": "fd00:42::/48" """ : "")}}, "Backend": {{(backend.StartsWith('{') ? backend : $$"""{"Type": "{{backend}}"}""")}}}""";

    /// <summary>Writes a configuration with <c>--set-config</c>.</summary>
    public Task<CommandResult> SetConfigAsync(string text, params IReadOnlyList<string> flags)
    {
        string file = Path.Combine(Underlay.Folder, "config.json");
        File.WriteAllText(file, text);
        return Underlay.Bridge.RunAsync(Programs.Flannelpsd, [$"--etcd-endpoints={Endpoints}", $"--set-config={file}", .. flags]);
    }

    /// <summary>Starts flannelpsd on one host and waits until it is ready.</summary>
    public async Task<Node> StartAsync(int host, params IReadOnlyList<string> flags)
    {
        var node = Launch(host, flags);
        await node.WaitReadyAsync();
        return node;
    }

    /// <summary>Starts flannelpsd on one host.</summary>
    public Node Launch(int host, params IReadOnlyList<string> flags) => LaunchAt(Endpoints, host, flags);

    /// <summary>Starts flannelpsd on one host over other endpoints, such as a relay's.</summary>
    public Node LaunchAt(string endpoints, int host, params IReadOnlyList<string> flags) =>
        _nodes[Hosts[host]] = new(Hosts[host], Hosts[host].StartFlannelpsd(endpoints, flags), Limit);

    /// <summary>Starts flannelpsd on one host, to be killed at a named place of its own code.</summary>
    public Node LaunchUntil(string place, int host, params IReadOnlyList<string> flags) =>
        _nodes[Hosts[host]] = new(Hosts[host], Hosts[host].StartFlannelpsdUntil(place, Endpoints, flags), Limit);

    /// <summary>Starts the original on one host and waits for its subnet file.</summary>
    public async Task<(Daemon Daemon, SubnetEnv Env)> StartOriginalAsync(int host)
    {
        var daemon = Hosts[host].StartFlanneld(Endpoints);
        var env = await Hosts[host].WaitForSubnetEnvAsync(daemon, Limit);

        // It says that it watches shortly before it does, and what comes in between is lost to it.
        await Poll.UntilAsync("the original's watch", () => daemon.Log.Contains("watching for new subnet leases", StringComparison.OrdinalIgnoreCase), 10, () => daemon.Log);
        await Task.Delay(300, Limit);
        return (daemon, env);
    }

    /// <summary>Starts flannelpsd on all hosts, with a workload behind each, and waits until each knows every other.</summary>
    public async Task<IReadOnlyList<Node>> StartAllAsync(params IReadOnlyList<string> flags)
    {
        var nodes = Enumerable.Range(0, Hosts.Count).Select(host => Launch(host, flags)).ToList();
        foreach (var node in nodes)
        {
            await node.WaitReadyAsync();
        }

        await WaitForPeersAsync();
        nodes.ForEach(node => node.Host.AttachWorkload(node.Env));
        return nodes;
    }

    /// <summary>A way to the store that can be cut and slowed down.</summary>
    public Relay NewRelay() => new(Underlay.Bridge, 3379, new(Underlay.BridgeAddress, _etcd[0].ClientPort));

    /// <summary>Starts two nodes with workloads behind them, the first of which reaches the store by a relay.</summary>
    public async Task<(Node Relayed, Node Peer)> StartBehindAsync(Relay relay)
    {
        var peer = await StartAsync(1);
        var relayed = LaunchAt(relay.Endpoint, 0);
        await relayed.WaitReadyAsync();
        await relayed.WaitForPeersAsync(1);
        relayed.Host.AttachWorkload(relayed.Env);
        peer.Host.AttachWorkload(peer.Env);
        return (relayed, peer);
    }

    /// <summary>Probes between two nodes' workloads, and counts from when the probes flow.</summary>
    public async Task<Prober> ProbeAsync(Node first, Node second)
    {
        var prober = Prober.Start(first.Host.Workload, second.Host.Workload);
        await prober.WaitUntilFlowingAsync(Limit);
        prober.Restart();
        return prober;
    }

    /// <summary>Waits until every daemon has programmed every other one.</summary>
    public async Task WaitForPeersAsync()
    {
        foreach (var node in _nodes.Values)
        {
            await node.WaitForPeersAsync(_nodes.Count - 1);
        }
    }

    /// <summary>Lease keys and values as they stand in etcd.</summary>
    public async Task<IReadOnlyList<EtcdKey>> LeasesAsync() => await Store.ListAsync(Prefix + "/subnets/", Limit);

    /// <summary>Pings between all workloads, small and with the full MTU and DF, over IPv4, and over IPv6 where there is any.</summary>
    public async Task AssertAllPairsPingAsync(bool dual = false)
    {
        var workloads = Hosts.Select(host => host.Workload).ToList();
        foreach (bool ipv6 in dual ? new[] { false, true } : [false])
        {
            foreach (bool full in new[] { false, true })
            {
                var rows = await Traffic.PingAllAsync(workloads, full, ipv6);
                var lost = from row in rows.Index() from cell in row.Item.Index() where row.Index != cell.Index && cell.Item is null select $"{row.Index + 1} to {cell.Index + 1}";
                Assert.True(!lost.Any(), $"{(ipv6 ? "IPv6" : "IPv4")}, {(full ? "full MTU" : "small")}: no answer from {string.Join(", ", lost)}");
            }
        }
    }

    public void Dispose()
    {
        Underlay.Dispose();
        _etcd.ForEach(member => member.Dispose());
    }

    public static CancellationToken LimitOf(int seconds)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        return limit.Token;
    }
}
