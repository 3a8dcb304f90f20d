using System.Net;

namespace FlannelPS.SystemTests.Faults;

/// <summary>A network whose every node reaches the store by a relay of its own, so that each of them can be cut off alone.</summary>
internal sealed class SoakBed : IAsyncDisposable
{
    private const int SIGKILL = 9;
    private readonly List<Relay> _relays = [];
    private readonly List<EtcdEvent> _history = [];
    private long _from = 1;

    private SoakBed(Network network) => Network = network;

    public Network Network { get; }

    public IReadOnlyList<Relay> Relays => _relays;

    /// <summary>The daemon that each host runs now.</summary>
    public Node[] Nodes { get; private set; } = [];

    /// <summary>Keys of the subnets they had at the start, and have at the end.</summary>
    public string[] Subnets { get; private set; } = [];

    /// <summary>What each host's foreign objects looked like at the start.</summary>
    public string[] Foreign { get; private set; } = [];

    public static async Task<SoakBed> CreateAsync(string backend, int hosts, int limitSeconds)
    {
        var bed = new SoakBed(await Network.CreateAsync(backend, hosts, limitSeconds: limitSeconds));
        try
        {
            await bed.StartAsync();
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon of a host; it is the only one there.</summary>
    public void Launch(int host) => Nodes[host] = Network.LaunchAt(_relays[host].Endpoint, host, "--subnet-lease-ttl=30");

    public async Task KillAsync(int host)
    {
        Nodes[host].Daemon.Signal(SIGKILL);
        await Nodes[host].Daemon.WaitForExitAsync(Network.Limit);
    }

    /// <summary>Compacts the store's history, which is kept here for the judgement at the end.</summary>
    public async Task CompactAsync()
    {
        await ReadHistoryAsync();
        await Network.Store.CompactAsync(Network.Limit, _from - 1);
    }

    /// <summary>What happened to leases up to now.</summary>
    public async Task<IReadOnlyList<EtcdEvent>> ReadHistoryAsync()
    {
        long next = await Network.Store.RevisionAsync(Network.Limit) + 1;
        _history.AddRange(await Network.Store.HistoryAsync(Network.Prefix + "/subnets/", Network.Limit, _from));
        _from = next;
        return _history;
    }

    /// <summary>What is not yet as the model wants it; null when every node is.</summary>
    public async Task<string?> DifferenceAsync()
    {
        var leases = await Network.LeasesAsync();
        foreach (var node in Nodes)
        {
            if (await Model.DifferenceAsync(node, leases) is { } difference)
            {
                return difference;
            }

            // What the probes say of a peer comes some seconds after the kernel's objects, and is waited for at the end.
            if (await node.StatusAsync("state") is var state and not ("Ready" or "PeerUnreachable"))
            {
                return $"{node.Host.Name} is {state}: {(await node.AskAsync("status")).GetProperty("reasons")}";
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        Network.Dispose();
        foreach (var relay in _relays)
        {
            await relay.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        int hosts = Network.Hosts.Count;
        _relays.AddRange(Enumerable.Range(0, hosts).Select(host =>
            new Relay(Network.Underlay.Bridge, 3379 + host, new IPEndPoint(Underlay.BridgeAddress, Network.Members[0].ClientPort))));
        Foreign = await Task.WhenAll(Network.Hosts.Select(Faults.Foreign.MakeAsync));
        Nodes = new Node[hosts];
        for (int host = 0; host < hosts; host++)
        {
            Launch(host);
        }

        foreach (var node in Nodes)
        {
            await node.WaitReadyAsync();
        }

        Subnets = [.. Nodes.Select(node => node.Env.Key)];
        await Network.WaitForPeersAsync();
        foreach (var node in Nodes)
        {
            node.Host.AttachWorkload(node.Env);
        }
    }
}
