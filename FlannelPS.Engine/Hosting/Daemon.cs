using System.Text.Json;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>The daemon around one node: lock, control socket, health, service manager, signals.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    /// <summary>A loop that is silent for so long hangs: it gives a sign every 10 s.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(40);

    /// <summary>After so long a start or a burst is over.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(3);

    /// <summary>How long a repair is waited for; less than what the control socket gives an answer.</summary>
    private static readonly TimeSpan RepairPatience = TimeSpan.FromSeconds(10);
    private readonly DaemonOptions _options;
    private readonly CountingStore _store;
    private readonly EventRing _events;
    private readonly TimeProvider _time;
    private readonly StopSignal _stop;
    private readonly FlannelNode _node;
    private readonly SystemdNotifier _systemd;
    private readonly TunnelKeeper _tunnels;
    private readonly ITimer _trim;
    private readonly Action<NodeStatus>? _observer;
    private readonly string _hostType;
    private int _trimmedAt = int.MinValue;
    private bool _ready;

    private Daemon(
        DaemonOptions options, CountingStore store, EventRing events, TimeProvider time, StopSignal stop, StateFolder state, InstanceLocks locks, TunnelKeeper tunnels,
        Action<NodeStatus>? observer, bool isSession)
    {
        (_options, _store, _events, _time, _stop, _observer) = (options, store, events, time, stop, observer);
        // systemd.exec(5): INVOCATION_ID is set for each unit's processes.
        _hostType = Environment.GetEnvironmentVariable("INVOCATION_ID") is { Length: > 0 } ? "Service" : isSession ? "Session" : "Detached";
        _trim = time.CreateTimer(static _ => WorkingSet.Trim(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _systemd = new SystemdNotifier(() => IsAlive, events, time);
        _tunnels = tunnels;
        tunnels.Opened = Keep;
        if (tunnels.Descriptors is [var device, var socket])
            Keep(device, socket);
        _node = new FlannelNode(
            new(options.Prefix, options.Interface, options.SubnetFile, new(options.LeaseTtlSeconds, options.LeaseRenewMargin),
                new(options.Name, options.IpMasq, !options.IpMasqFullyRandomDisable, options.ForwardRules, options.NoMasquerade, options.StrictPeers, options.Resync), CommandLine.Version)
            {
                BlackholeRoute = options.BlackholeRoute,
                Probe = options.Probe,
                AllowOverlap = options.AllowOverlap,
                TxChecksumOffload = options.TxChecksumOffload,
            },
            store, state, locks, time, events, Changed, tunnels);
    }

    // The watchdog asks before the constructor has come to the node; an exception there would end it for good, unseen.
    private bool IsAlive => _node is not { } node || node.SilentFor < LongestSilence;

    /// <summary>Runs until SIGTERM, SIGINT or the control socket's <c>stop</c>.</summary>
    /// <exception cref="StartupException">It cannot run here.</exception>
    public static async Task RunAsync(DaemonOptions options, ILogger logger, TimeProvider time)
    {
        var events = new EventRing(logger, time);    // the last event is that it stops
        using var stop = new StopSignal(events, time);
        await RunAsync(options, events, time, stop, null, isSession: false).ConfigureAwait(false);
    }

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="observer">Told of each new status; may be null.</param>
    /// <param name="isSession">Whether the process is somebody else's.</param>
    /// <exception cref="StartupException">It cannot run here.</exception>
    public static async Task RunAsync(DaemonOptions options, ILogger logger, TimeProvider time, StopSignal stop, Action<NodeStatus>? observer, bool isSession)
    {
        var events = logger as EventRing ?? new EventRing(logger, time);
        if (!Privileges.CanChangeNetwork())
            throw new StartupException("This needs root, or CAP_NET_ADMIN: devices and routes are to be made.");
        var paths = new InstancePaths(options.Name);
        CountingStore store;
        ReadAhead ahead;
        try
        {
            store = new CountingStore(Store.Open(options.Store, events, time), time);
            ahead = ReadAhead.Begin(store, options.Prefix, CancellationToken.None);
        }
        catch (ArgumentException e)
        {
            throw new StartupException(e.Message, e);
        }
        using var tunnels = new TunnelKeeper(options.UdpOffload, events);
        InstanceLocks? locks = null;
        try
        {
            await using (store.ConfigureAwait(false))
            {
                var state = new StateFolder(paths, events);
                locks = await StartAsync(options, paths, tunnels, state, events, time).ConfigureAwait(false);
                var daemon = new Daemon(options, store, events, time, stop, state, locks, tunnels, observer, isSession);
                await using var daemonScope = daemon.ConfigureAwait(false);
                await daemon.ServeAsync(paths, locks.Instance, ahead).ConfigureAwait(false);
            }
        }
        finally
        {
            // Packets are carried until all else has ended; and who gets the locks finds the device free.
            tunnels.Dispose();
            locks?.Dispose();
        }
    }

    /// <summary>Takes the locks, and what a predecessor left of a tunnel: packets flow on before anything else is done.</summary>
    private static async Task<InstanceLocks> StartAsync(
        DaemonOptions options, InstancePaths paths, TunnelKeeper tunnels, StateFolder state, ILogger logger, TimeProvider time)
    {
        var kept = PassedDescriptors.Take(Environment.GetEnvironmentVariable, static name => Environment.SetEnvironmentVariable(name, null));
        tunnels.Offer(kept.GetValueOrDefault(Handover.DeviceName), kept.GetValueOrDefault(Handover.SocketName));
        if (options.Replace && Handover.Ask(paths.Socket, logger) is [var device, var socket])
        {
            tunnels.Offer(device, socket);
            Handover.Resume(tunnels, state, null, logger);
        }
        var locks = options.Replace ? await Handover.SucceedAsync(paths.Socket, Take, time).ConfigureAwait(false) : Take();
        if (tunnels.Status is null)
            Handover.Resume(tunnels, state, locks, logger);
        return locks;

        InstanceLocks Take() => InstanceLocks.Take(paths, options.SubnetFile, options.Store.ToString(), options.Prefix);
    }

    private async Task ServeAsync(InstancePaths paths, FileLock held, ReadAhead ahead)
    {
        var control = new ControlServer(paths, held, _options.SocketGroup, AnswerAsync, _events, _time, () => _tunnels.Descriptors);
        await using var controlScope = control.ConfigureAwait(false);
        HealthServer? health = null, metrics = null;
        try
        {
            if (_options.Health is { } endPoint)
                health = new HealthServer(endPoint, () => IsAlive, () => _node.Status.NotReady, _events, _time);
            if (_options.Metrics is { } loopback)
                metrics = new HealthServer(loopback, () => IsAlive, () => _node.Status.NotReady, _events, _time, RenderMetrics);
            await _node.RunAsync(ahead, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.Token.IsCancellationRequested)
        {
            // The orderly end.
        }
        finally
        {
            if (_stop.Token.IsCancellationRequested)
                _systemd.Stopping();
            KillPoint.Pass(KillPoint.Stopping);
            foreach (var server in new[] { health, metrics })
                if (server is not null)
                    await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _trim.DisposeAsync().ConfigureAwait(false);
        await _systemd.DisposeAsync().ConfigureAwait(false);
    }

    private void Keep(FileDescriptor device, FileDescriptor socket)
    {
        _systemd.Store(Handover.DeviceName, device);
        _systemd.Store(Handover.SocketName, socket);
    }

    private void Changed(NodeStatus status)
    {
        _observer?.Invoke(status);
        // A service manager starts what waits for us also where we run from saved state: that is what it is for. /readyz tells the difference.
        if (!_ready && status.IsServing)
        {
            _ready = true;
            _events.NodeReady(status.Summary, (_time.GetUtcNow() - status.Started).TotalMilliseconds);
            _systemd.Ready(status.Summary);
        }
        else
            _systemd.Status(status.Summary);

        // The start, and each burst, leave memory behind that the quiet time after it does not need. Not where packets pass through us: they would wait
        // for the collector, and for code that comes back in pieces.
        if (_ready && _tunnels.Status is null && _hostType != "Session" && Math.Abs((long)status.Reconcile.Objects - _trimmedAt) > 1000)
        {
            _trimmedAt = status.Reconcile.Objects;
            _trim.Change(Settled, Timeout.InfiniteTimeSpan);
        }
    }

    private string RenderMetrics() => Metrics.Render(new()
    {
        Name = _options.Name,
        LeaseTtlSeconds = _options.LeaseTtlSeconds,
        Status = _node.Status,
        Leases = _node.Leases,
        Now = _time.GetUtcNow(),
        Following = _node.Following,
        Store = _store.Counters,
        Reach = _node.Reach,
        Probes = _node.Probes,
        Tunnel = _node.Tunnel,
    });

    private async ValueTask AnswerAsync(string verb, JsonElement arguments, bool isWriter, Utf8JsonWriter result, CancellationToken cancellationToken)
    {
        switch (verb)
        {
            case ControlVerbs.Status:
                ControlAnswers.WriteStatus(result, _options, _hostType, IsAlive, _node.Status, _node.Leases, _node.Tunnel);
                break;
            case ControlVerbs.Peers:
                ControlAnswers.WritePeers(result, _node.Status, _node.Leases, _node.Reach);
                break;
            case ControlVerbs.Leases:
                ControlAnswers.WriteLeases(result, _node.Leases, _node.Status.Lease.Held);
                break;
            case ControlVerbs.Events:
                using (var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token))
                    ControlAnswers.WriteEvents(result, await _events.FindAsync(EventQuery.Parse(arguments), end.Token).ConfigureAwait(false));
                break;
            case ControlVerbs.Metrics:
                result.WriteStringValue(RenderMetrics());
                break;
            case ControlVerbs.Repair:
                ControlAnswers.WriteRepair(result, await _node.RepairAsync(ControlArguments.Parts(arguments), RepairPatience, cancellationToken).ConfigureAwait(false));
                break;
            case ControlVerbs.Stop:
                _stop.Request("control socket");
                break;
        }
    }
}
