using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

/// <summary>One round of the loop: plan, compare, apply, publish; and what a round remembers for the next.</summary>
internal sealed class Round(
    RouteSocket socket, DeviceKeeper keeper, TimeProvider time, ILogger logger, Action<ReconcileStatus> published, Action<IReadOnlyList<Lease>>? chosen = null)
{
    /// <summary>Up to so many changed peers are told one by one.</summary>
    private const int ToldOneByOne = 16;
    private readonly LogBudget _refusals = new(time, ToldOneByOne);
    private readonly LogBudget _moreRefusals = new(time, 1);
    private readonly KernelProgrammer _programmer = new(socket);
    private readonly Contest _contest = new(time, logger);
    private readonly Dictionary<string, string> _toldRefused = [];
    private readonly HashSet<string> _toldFailed = [];
    private volatile Standing? _standing;
    private volatile ReconcileStatus _status = ReconcileStatus.None;

    /// <summary>How the last round went.</summary>
    public ReconcileStatus Status => _status;

    /// <summary>Whether a notification asks for a round.</summary>
    public bool Contradicts(KernelNotification notification) => _standing?.Contradicts(notification) ?? notification is KernelNotification.Overrun;

    /// <summary>Leaves no place to others in the next round, until they take it anew.</summary>
    public void Reclaim() => _contest.Reclaim();

    /// <summary>Runs a round.</summary>
    /// <param name="overlay">What to plan from.</param>
    /// <param name="table">The leases.</param>
    /// <param name="verify">Whether to read the kernel, rather than trust what the last round left.</param>
    /// <returns>Whether all is as wanted; if not, a later round has to try again.</returns>
    public bool Run(Overlay overlay, LeaseTable table, bool verify)
    {
        var started = time.GetTimestamp();
        var before = _standing;
        verify |= before is null;
        var (devices, devicesChanged) = verify ? EnsureDevices(overlay) : (before!.Devices, 0);
        if (!table.IsComplete)
        {
            // Until the leases are known nothing is planned, and so nothing deleted.
            published(_status = _status with { Problem = "", Overlay = overlay, Changes = RoundChanges.None with { Devices = devicesChanged } });
            return true;
        }

        var (peers, refused) = overlay.Select(table);
        chosen?.Invoke(peers);
        var present = verify ? KernelReader.Read(socket, devices, overlay.Config.IPv6 is not null) : before!.State;
        var own = Ownership.Of(overlay.Config, devices, overlay.Node.LinkIndex);
        var wanted = overlay.Plan(peers, devices);
        NexthopAssignment.Assign(wanted, present);
        var changes = StateDiff.Of(wanted, present, own);
        if (table.IsSaved)
            changes.DeleteNothing();
        var repaired = verify && before is not null ? RepairCounts.Of(changes, before.State) : RepairCounts.None;
        var repairs = (int)repaired.Objects;
        // What differs at the first round was there before us: that is a takeover, and no contest.
        var failed = new List<FailedObject>(verify && before is not null ? _contest.Yield(changes, present, before.State) : []);

        // Where the original's route serves, it is that one which stands, and which has to be deleted with its peer.
        foreach (var (destination, stands) in present.Routes)
            if (wanted.Routes.TryGetValue(destination, out var route) && own.Serves(route, stands))
                wanted.Routes[destination] = stands;
        var standing = new Standing(wanted, devices, [.. overlay.Backend.Devices(overlay.Node).Select(device => device.Name)], own);
        _standing = standing;
        var refusedByKernel = _programmer.Apply(changes, present);
        keeper.Tunnels?.Forward(overlay.Own, wanted.Tunnels);
        failed.AddRange(refusedByKernel);
        standing.Forget(failed);

        var took = time.GetElapsedTime(started);
        Tell(peers, refused, refusedByKernel, changes, repairs, took);
        published(_status = new(peers, refused, failed, wanted.Count, _status.Rounds + 1, _status.Repairs + repairs, took, IsProgrammed: !table.IsSaved, table.Ignored, "")
        {
            Overlay = overlay,
            Changes = RoundChanges.Of(devicesChanged, changes, refusedByKernel),
            RepairsByKind = _status.RepairsByKind + repaired with { Devices = IsKept(overlay) ? devicesChanged : 0 },
            Times = _status.Times.With(took),
            FailedRounds = _status.FailedRounds,
        });
        return failed.Count == 0;
    }

    /// <summary>A round could not be run.</summary>
    public void Fail(string reason, TimeSpan retry)
    {
        if (_status.Problem != reason)
            logger.RoundFailed(reason, retry.TotalSeconds);
        published(_status = _status with { Problem = reason, Changes = RoundChanges.None, FailedRounds = _status.FailedRounds + 1 });
    }

    private (IReadOnlyList<int> Indices, int Changed) EnsureDevices(Overlay overlay)
    {
        var (indices, count) = (new List<int>(2), 0);
        foreach (var device in overlay.Backend.Devices(overlay.Node))
        {
            var isV6 = indices.Count == 1;
            var mac = device.Vxlan is null ? default : isV6 ? overlay.Vteps!.V6!.Value : overlay.Vteps!.V4;
            var (index, _, changed) = keeper.Ensure(device, mac, mac);
            KillPoint.Pass(KillPoint.Device);
            changed |= keeper.EnsureAddress(
                index, (isV6 ? overlay.Own.IPv6!.Value : overlay.Own.IPv4).BaseAddress, (isV6 ? overlay.Config.IPv6! : overlay.Config.IPv4).Network);
            // A tunnel of ours carries both families by one device.
            if (device.Tunnel is not null && overlay.Own.IPv6 is { } v6)
                changed |= keeper.EnsureAddress(index, v6.BaseAddress, overlay.Config.IPv6!.Network);
            indices.Add(index);
            count += changed ? 1 : 0;
        }
        return (indices, count);
    }

    /// <summary>Whether the devices were asked for as they are before: then whoever changed them was somebody else.</summary>
    private bool IsKept(Overlay overlay) => ReferenceEquals(_status.Overlay, overlay);

    private void Tell(
        IReadOnlyList<Lease> peers, IReadOnlyList<RefusedPeer> refused, IReadOnlyList<FailedObject> failed, ChangeSet changes, int repairs, TimeSpan took)
    {
        var count = 0;
        foreach (var peer in refused)
        {
            if (_toldRefused.TryGetValue(peer.Key, out var told) && told == peer.Reason)
                continue;
            _toldRefused[peer.Key] = peer.Reason;
            if (_refusals.Allow(out _))
                logger.PeerRefused(peer.Subnet, peer.PublicIp, peer.Reason);
            else
                count++;
        }
        if (count > 0 && _moreRefusals.Allow(out _))
            logger.MorePeersRefused(count);
        if (refused.Count < _toldRefused.Count)
            foreach (var gone in _toldRefused.Keys.Except(refused.Select(peer => peer.Key)).ToList())
                _toldRefused.Remove(gone);

        foreach (var item in failed)
            if (_toldFailed.Add(item.Reason))
                logger.ObjectRefused(item.Reason);
        if (failed.Count < _toldFailed.Count)
            _toldFailed.IntersectWith(failed.Select(item => item.Reason));

        if (repairs > 0)
            logger.Repaired(repairs, changes.PutRoutes is [var route, ..] ? RouteRequest.Replace(route).ToString() : "a neighbour or forwarding entry");
        else if (changes.Count > 0)
            TellPeers(peers, changes, took);
    }

    private void TellPeers(IReadOnlyList<Lease> peers, ChangeSet changes, TimeSpan took)
    {
        var before = _status.Peers.ToDictionary(peer => peer.Key);
        var added = new List<Lease>();
        foreach (var peer in peers)
            if (!before.Remove(peer.Key, out var was) || was.Attributes != peer.Attributes)
                added.Add(peer);
        if (added.Count + before.Count <= ToldOneByOne)
        {
            foreach (var peer in added)
                logger.PeerAdded(peer.Subnet, peer.Attributes.PublicIp);
            foreach (var gone in before.Values)
                logger.PeerRemoved(gone.Subnet);
        }
        else
            logger.PeersProgrammed(peers.Count, changes.Puts, changes.Count - changes.Puts, took.TotalMilliseconds);
    }
}
