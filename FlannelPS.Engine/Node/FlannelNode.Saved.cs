using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>
/// A start while the store is away: from what the last run knew, until the store answers (F03). Nothing is written or told to anybody, and nothing is deleted.
/// The lease's life bounds it: within it nobody else can have our subnet; after it the store may have given it away, and only the store can tell.
/// </remarks>
public sealed partial class FlannelNode
{
    /// <summary>A store in reach has answered long before, or refused.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromMilliseconds(250);
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record LastRun(NetworkConfig Config, IBackend Backend, HeldLease Lease, DateTimeOffset? Expires, LeaseTable Table, DateTimeOffset Seen);

    /// <summary>Begins with what the last run knew, if the store has not answered by then and it serves.</summary>
    /// <returns>What runs from then on; null where nothing was begun.</returns>
    private async Task<Task?> BeginSavedAsync(RouteSocket socket, DeviceKeeper devices, LeaseRequest request, Task reading, CancellationToken cancellationToken)
    {
        if (request.Saved is null)
            return null;
        await Task.WhenAny(reading, _refused.Task, Task.Delay(StorePatience, _time, cancellationToken)).ConfigureAwait(false);
        if (reading.IsCompleted || IsStoreThere())
            return null;
        if (ReadLastRun(request.Saved, out var problem) is not { } last)
        {
            if (problem.Length > 0)
                _logger.SavedStateNotUsed(problem);
            return null;
        }
        var dual = last.Config.IPv6 is not null;
        while (!reading.IsCompleted && !IsStoreThere())
        {
            try
            {
                var chosen = ChooseInterface(socket, last.Backend, dual);
                var node = NodeFactsReader.Read(socket, chosen, dual);
                var vteps = MakeDevices(devices, last.Backend, node, request.Identity);
                var waiting = _status.Waiting;
                _logger.SavedStateUsed(waiting.Length > 0 ? waiting : "no answer yet", last.Lease.Subnet, last.Table.Leases.Count, last.Seen);
                request.InUse = last.Lease.Subnet;
                Publish(status => status with
                {
                    Config = last.Config,
                    SavedFrom = last.Seen,
                    StoreProblem = waiting.Length > 0 ? waiting : "no answer yet",
                    StoreProblemSince = last.Seen,
                    Lease = new(LeasePhase.StoreUnreachable, "as saved by the last run", last.Lease, last.Expires),
                });
                return KeepHostAsync(
                    socket, devices, NewOverlay(socket, last.Config, last.Backend, node, last.Lease.Subnet, vteps), chosen, last.Table, cancellationToken);
            }
            catch (Exception e) when (e is DeviceException or NetlinkException)
            {
                Wait(NodePhase.Store, $"{Explain(e)}; nor does the store answer yet");
            }
            await Task.WhenAny(reading, Task.Delay(Retry, _time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        return null;

        // It answered, and has no configuration, or a wrong one: that is no absence.
        bool IsStoreThere() => _status.Phase != NodePhase.Store;
    }

    private LastRun? ReadLastRun(HeldLease lease, out string problem)
    {
        problem = "";
        if (_state.ReadNetwork() is not { } network || _state.ReadLease() is not { } saved)
            return null;
        try
        {
            var config = NetworkConfigReader.Read(System.Text.Encoding.UTF8.GetBytes(network.Config));
            var age = saved.Life?.Age(_time.GetUtcNow(), BootId.Read(), BootClock.Elapsed);
            problem = !lease.Key.StartsWith(_keys.SubnetPrefix, StringComparison.Ordinal) ? $"it is of another network, {lease.Key}"
                : !config.Holds(lease.Subnet) ? $"the saved configuration does not give {lease.Subnet}"
                : lease.IsReservation ? ""
                : age is null ? "how old it is cannot be told"
                : age.Value.TotalSeconds > saved.Life!.Seconds ? $"our lease of {lease.Subnet} has ended meanwhile, and another node may have it"
                : "";
            if (problem.Length > 0)
                return null;
            var seen = saved.Life?.Since is { } renewed && renewed > network.Seen ? renewed : network.Seen;
            return new(config, BackendRegistry.Create(config), lease, saved.Life is { } life ? _time.GetUtcNow() - age!.Value + TimeSpan.FromSeconds(life.Seconds) : null, network.ToTable(_keys), seen);
        }
        catch (Exception e) when (e is NetworkConfigException or FileException)
        {
            problem = e.Message;
            return null;
        }
    }
}
