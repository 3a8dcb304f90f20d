using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What is kept on this host, whatever the store says: the kernel's objects, the subnet file, and an eye on the way to other hosts.</remarks>
public sealed partial class FlannelNode
{
    // What is used changes by the store's word and by the host's.
    private readonly object _using = new();
    private volatile FirewallKeeper? _firewall;

    /// <param name="socket">The kernel.</param>
    /// <param name="devices">Keeps the devices.</param>
    /// <param name="overlay">What to begin with.</param>
    /// <param name="chosen">The interface it was made for.</param>
    /// <param name="saved">The leases of the last run; null where the store is about to tell them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task KeepHostAsync(
        RouteSocket socket, DeviceKeeper devices, Overlay overlay, ExternalInterface chosen, LeaseTable? saved, CancellationToken cancellationToken)
    {
        using var prober = _prober = NewProber();
        using var firewall = _firewall = NewFirewall(overlay);
        var loop = _loop = new ReconcileLoop(socket, devices, _time, _logger, round =>
        {
            // First the device, then the file that promises it.
            var isNew = round.Overlay != _status.Reconcile.Overlay;
            Publish(status => status with
            {
                Reconcile = round,
                Phase = IsRunning(round) && status.SubnetFileWritten ? NodePhase.Running : status.Phase,
            });
            if (isNew)
                _ = _fileTurn.AskAsync();
        }, firewall.Allow);
        var underlay = new UnderlayFollower(used => Look(socket, used, _status.Overlay!), new(chosen, overlay.Node, ""), loop.Pause, _time);
        Use(overlay);
        if (saved is not null)
            loop.Update(saved);
        await Task.WhenAll(
            Keep("listening to the kernel", stop => MonitorAsync(socket, loop, underlay, stop)),
            Keep("the reconcile loop", loop.RunAsync),
            Keep("the subnet file", KeepSubnetFileAsync),
            Keep("the firewall", firewall.RunAsync),
            _settings.Probe ? Keep("the probes", stop => prober.RunAsync(() => _status.Reconcile, stop)) : Task.CompletedTask,
            Keep("following the interface", stop => underlay.FollowAsync(FollowUnderlay, () => LookAround(socket), stop))).ConfigureAwait(false);

        Task Keep(string name, Func<CancellationToken, Task> run) => _supervisor.RunAsync(name, run, cancellationToken);
    }

    private Prober NewProber() => new(_time, _logger, _settings.Version, probes => Publish(status => status with { Probes = probes }));

    /// <summary>Tells the loop what others do to the kernel. What came to pass before it listens, or between two listeners, shows in a round that reads the kernel.</summary>
    private static async Task MonitorAsync(RouteSocket socket, ReconcileLoop loop, UnderlayFollower underlay, CancellationToken cancellationToken)
    {
        using var monitor = new RouteMonitor(notification =>
        {
            // First: what goes with the interface is not worth a round.
            underlay.Observe(notification);
            loop.Observe(notification);
        }, socket.PortId);
        loop.Wake(verify: true);
        await monitor.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private UnderlayView Look(RouteSocket socket, ExternalInterface used, Overlay overlay)
    {
        var dual = overlay.Config.IPv6 is not null;
        var selection = NodeFactsReader.Select(socket, _settings.Interface, dual && overlay.Backend.NeedsIPv6Underlay, used);
        return selection.Interface is { } chosen
            ? new(chosen, NodeFactsReader.Read(socket, chosen, dual), "")
            : new(null, null, $"{(socket.FindLink(used.Link.Index) is null ? $"The interface {used.Link.Name} is gone" : $"The interface {used.Link.Name} is not usable")} ({string.Join("; ", selection.Rejected)})");
    }

    /// <summary>The host's address, MTU or interface changed: everything follows, and the subnet stays (F42).</summary>
    private void FollowUnderlay(UnderlayView view)
    {
        lock (_using)
        {
            var before = _status.Overlay!;
            if ((view.Facts is { } facts ? before.Backend.RefuseNode(facts) : view.Problem) is { } problem)
            {
                _logger.UnderlayLost(problem);
                Publish(status => status with { UnderlayProblem = problem });
                return;
            }
            var change = UnderlayView.Change(_status.Interface!, view.Interface!);
            if (change.Length > 0 || _status.UnderlayProblem.Length > 0)
                _logger.UnderlayFollowed(change.Length > 0 ? change : $"{view.Interface!.Link.Name} is back");
            if (!before.Node.Address.Equals(view.Facts!.Address))
                _store.AddressGone(before.Node.Address);
            Publish(status => status with { Interface = view.Interface, UnderlayProblem = "" });
            Use(before with { Node = view.Facts! });
            if (_status.Overlay!.Node.LinkName != before.Node.LinkName)
                SaveFootprint(_status.Overlay);
        }
    }

    /// <summary>Plans from an overlay from now on, and tells other hosts of it where there is a lease to tell it by.</summary>
    private void Use(Overlay overlay)
    {
        lock (_using)
        {
            Publish(status => status with { Overlay = overlay });
            _firewall!.Configure(RulesOf(_settings.Firewall, overlay, new(_settings.Firewall.Instance)));
            _loop!.Configure(overlay);
            _keeper?.Announce(overlay.Backend.Attributes(overlay.Node, overlay.Vteps));
        }
    }

    private Overlay NewOverlay(RouteSocket socket, NetworkConfig config, IBackend backend, NodeFacts node, Subnet own, VtepAddresses? vteps)
        => new(config, backend, node, own, vteps, NodeFactsReader.HostNetworks(socket, DeviceNames(backend, node), own)) { Blackhole = _settings.BlackholeRoute };

    private static List<string> DeviceNames(IBackend backend, NodeFacts node) => [.. backend.Devices(node).Select(device => device.Name)];

    // What was programmed from saved state alone is not all of it.
    private bool IsRunning(ReconcileStatus round) => round.IsProgrammed && _keeper is not null;
}
