using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <summary>One node of one network: configuration, interface, device, lease and peers, from the store to the kernel.</summary>
/// <remarks>The way of a start is <see cref="StartAsync"/>, read downward. Stopping leaves the data path as it is (D8).</remarks>
public sealed partial class FlannelNode
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly IReadOnlyDictionary<string, PeerReach> NotProbed = new Dictionary<string, PeerReach>();
    private readonly NodeSettings _settings;
    private readonly IStore _store;
    private readonly StoreKeys _keys;
    private readonly StateFolder _state;
    private readonly InstanceLocks _locks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<NodeStatus> _changed;
    private readonly StateSaver _saver;
    private readonly TunnelKeeper _tunnels;
    private readonly object _statusLock = new();
    private readonly LeaseFollower _leases;
    private readonly LoopSupervisor _supervisor;
    private volatile Prober? _prober;
    private volatile NodeStatus _status;
    private volatile TaskCompletionSource _operator = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ReconcileLoop? _loop;
    private volatile OwnLeaseKeeper? _keeper;
    private volatile Action? _leasesChanged;

    /// <param name="settings">What an operator said.</param>
    /// <param name="store">Where leases are kept; owned by the caller.</param>
    /// <param name="state">What outlives a restart.</param>
    /// <param name="locks">Keeps a second daemon off what this one holds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="changed">Told of each new status, on no particular thread; must be quick.</param>
    /// <param name="tunnels">Keeps the UDP tunnel; owned by the caller. It may run already.</param>
    public FlannelNode(
        NodeSettings settings, IStore store, StateFolder state, InstanceLocks locks, TimeProvider time, ILogger logger, Action<NodeStatus> changed, TunnelKeeper tunnels)
    {
        (_settings, _store, _state, _locks, _time, _logger, _changed) = (settings, store, state, locks, time, logger, changed);
        _keys = new StoreKeys(settings.Prefix);
        _saver = new StateSaver(logger);
        _tunnels = tunnels;
        tunnels.Ended = () => _loop?.Wake(verify: true);
        tunnels.Changed = SaveTunnel;
        _leases = new LeaseFollower(store, _keys, TimeSpan.FromSeconds(settings.Lease.TtlSeconds), time, logger);
        _supervisor = new LoopSupervisor(time, logger, problem => Publish(status => status with { LoopProblem = problem }));
        _status = new(NodePhase.Store, "", null, "", null, null, new(LeasePhase.Acquiring, "", null, null), "", null, "", false, ReconcileStatus.None, time.GetUtcNow());
    }

    /// <summary>How it stands.</summary>
    public NodeStatus Status => _status;

    /// <summary>All leases as last seen, ours among them.</summary>
    public LeaseTable Leases => _leases.Table;

    /// <summary>How it stands with each peer, by the probes and the lease's key; none without probes.</summary>
    public IReadOnlyDictionary<string, PeerReach> Reach => _prober?.Read() ?? NotProbed;

    /// <summary>Probes since the start.</summary>
    internal ProbeCounters Probes => _prober?.Counters ?? default;

    /// <summary>How far following the leases has come.</summary>
    internal FollowerProgress Following => _leases.Progress;

    /// <summary>The UDP tunnel; null while there is none.</summary>
    public TunnelStatus? Tunnel => _tunnels.Status;

    /// <summary>Since when the reconcile loop has given no sign of life, or any loop fails again and again; zero before they run.</summary>
    public TimeSpan SilentFor => _loop?.SilentFor is { } silent && silent > _supervisor.FailingFor ? silent : _supervisor.FailingFor;

    /// <summary>Runs the node until cancelled.</summary>
    /// <param name="ahead">Reads that are under way.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="NetlinkException">The kernel gives no netlink socket.</exception>
    public async Task RunAsync(ReadAhead ahead, CancellationToken cancellationToken)
    {
        try
        {
            var network = new LazySave(() => _saver.Save("the network", SaveNetwork), _time);
            await using var networkScope = network.ConfigureAwait(false);
            _leasesChanged = network.Mark;
            var started = _time.GetTimestamp();
            using var socket = new RouteSocket();
            var request = NewRequest();
            var acquisition = NewAcquisition(request);
            // Without a lease of the last run one very likely has to be made: the store grants its life while the configuration is read and the device made.
            if (request.Saved is null)
                acquisition.GrantAhead(cancellationToken);
            try
            {
                await StartAsync(ahead, started, socket, request, acquisition, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // Stopped before it came to the lease: nothing shall lie about in the store.
                await acquisition.RevokeUnusedAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await _saver.Completion.ConfigureAwait(false);
        }
    }

    private async Task StartAsync(
        ReadAhead ahead, long started, RouteSocket socket, LeaseRequest request, LeaseAcquisition acquisition, CancellationToken cancellationToken)
    {
        var devices = new DeviceKeeper(socket, _logger, _tunnels, _settings.TxChecksumOffload);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task? host = null;
        try
        {
            var reading = ReadConfigAsync(ahead.Config, stop.Token);
            host = await BeginSavedAsync(socket, devices, request, reading, stop.Token).ConfigureAwait(false);
            var (config, backend) = await reading.ConfigureAwait(false);
            var dual = config.IPv6 is not null;
            var chosen = await UntilDoneAsync(NodePhase.Interface, () => ChooseInterface(socket, backend, dual), stop.Token).ConfigureAwait(false);
            var node = NodeFactsReader.Read(socket, chosen, dual);
            await AvoidOverlapAsync(socket, config, backend, node, request, ahead.Subnets, stop.Token).ConfigureAwait(false);
            var former = _state.ReadFootprint();
            SaveFootprint(config, backend, node, request.Saved?.Subnet.ToKey() ?? former?.Subnet ?? "", former?.Devices ?? []);
            var vteps = await UntilDoneAsync(NodePhase.Device, () => MakeDevices(devices, backend, node, request.Identity), stop.Token).ConfigureAwait(false);
            request.Attributes = backend.Attributes(node, vteps);
            // After a wait for configuration or interface what was read ahead is old: who came meanwhile must be seen.
            var isFresh = _time.GetElapsedTime(started) < TimeSpan.FromSeconds(2);
            acquisition.ClaimsAhead = isFresh ? ahead.Claims : null;
            var list = isFresh ? await ReadAhead.TryAsync(ahead.Subnets).WaitAsync(stop.Token).ConfigureAwait(false) : null;
            var acquired = await AcquireAsync(acquisition, config, list, stop.Token).ConfigureAwait(false);
            await acquisition.TakeMarkBackAsync().ConfigureAwait(false);

            var overlay = NewOverlay(socket, config, backend, node, acquired.Lease.Subnet, vteps);
            Publish(status => status with { Phase = NodePhase.Peers, Waiting = "", SavedFrom = null });
            // In this order the first round, and then the file, come before anything waits: who reads the file finds the device.
            if (host is null)
                host = KeepHostAsync(socket, devices, overlay, chosen, null, stop.Token);
            else
                lock (_using)
                    Use(overlay with { Node = Look(socket, _status.Interface!, overlay).Facts ?? node });
            RemoveFormerDevices(socket, former, overlay);
            SaveFootprint(overlay);
            await Task.WhenAll(host, RunOverlayAsync(overlay, request, acquired, list, stop.Token)).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await acquisition.TakeMarkBackAsync().ConfigureAwait(false);
            if (host is not null)
                await host.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOverlayAsync(
        Overlay overlay, LeaseRequest request, LeaseAcquisition.Acquired acquired, RangeResult? list, CancellationToken cancellationToken)
    {
        var keeper = new OwnLeaseKeeper(_store, _keys, _settings.Lease, request, acquired, _time, _logger, state =>
        {
            SaveLease(state.Held, state.Expires);
            Publish(status => status with { Lease = state });
        });
        lock (_using)
        {
            _keeper = keeper;
            // The host may have changed since the lease was asked for.
            keeper.Announce(_status.Overlay!.Backend.Attributes(_status.Overlay.Node, _status.Overlay.Vteps));
        }
        Publish(status => status with { Lease = keeper.State });
        _attempt.Take()?.TrySetResult(true);
        var claim = new NodeClaimKeeper(_store, _keys, request, _settings.Version, _time, _logger);
        await Task.WhenAll(
            Keep("following the leases", stop => _leases.FollowAsync(Interlocked.Exchange(ref list, null), update => Observe(update, _loop!, keeper), stop)),
            Keep("the own lease", stop => KeepLeaseAsync(keeper, stop)),
            Keep("the claim", stop => claim.KeepAsync(overlay.Own, keeper.ReportTaken, stop)),
            Keep("following the configuration", stop => FollowConfigAsync(overlay.Config, overlay.Own, stop))).ConfigureAwait(false);

        Task Keep(string name, Func<CancellationToken, Task> run) => _supervisor.RunAsync(name, run, cancellationToken);
    }

    private static Task KeepLeaseAsync(OwnLeaseKeeper keeper, CancellationToken cancellationToken)
    {
        // What was seen when it failed is not told again.
        if (keeper.HasRun)
            keeper.Repair();
        return keeper.KeepAsync(cancellationToken);
    }

    private void Observe(FollowerUpdate update, ReconcileLoop loop, OwnLeaseKeeper keeper)
    {
        switch (update)
        {
            case FollowerUpdate.Broken broken:
                if (_status.StoreProblem.Length == 0)
                    _logger.StoreLost(broken.Reason.Message);
                Publish(status => status with { StoreProblem = broken.Reason.Message, StoreProblemSince = status.StoreProblemSince ?? _time.GetUtcNow() });
                return;
            case FollowerUpdate.Snapshot or FollowerUpdate.Resumed when _status.StoreProblem.Length > 0:
                _logger.StoreFound();
                Publish(status => status with { StoreProblem = "", StoreProblemSince = null });
                break;
        }
        keeper.Observe(update);
        loop.Update(_leases.Table);
        _leasesChanged?.Invoke();
    }

    private void Wait(NodePhase phase, string reason)
    {
        if (_status.Waiting != reason)
            _logger.Waiting(phase, reason);
        Publish(status => status with { Phase = phase, Waiting = reason });
        _attempt.Take()?.TrySetResult(false);
        _refused.TrySetResult();
    }

    private void Publish(Func<NodeStatus, NodeStatus> change)
    {
        NodeStatus next;
        lock (_statusLock)
        {
            var before = _status;
            next = change(before);
            if (next == before)
                return;
            _status = next;
        }
        _changed(next);
    }
}
