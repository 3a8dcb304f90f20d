using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <remarks>The steps of a start, each of which waits and tells why.</remarks>
public sealed partial class FlannelNode
{
    private LeaseRequest NewRequest()
    {
        var identity = _state.GetIdentity(save => _saver.Save("the identity", save));
        var run = (_state.ReadRun() ?? new SavedRun("", default)).Next(Entropy.Hex(8), BootId.Read(), NetworkNamespace.Current);
        _saver.Save("this run's mark", () => _state.SaveRun(run));
        var saved = _state.ReadLease() is { } lease && Subnet.ParseKey(lease.Key.AsSpan(lease.Key.LastIndexOf('/') + 1)) is { } subnet
            ? new HeldLease(lease.Key, subnet, Encoding.UTF8.GetBytes(lease.Value), lease.EtcdLeaseId, lease.ModRevision)
            : null;
        return new(identity, run.Nonce, run.Before ?? [], ReadPrevious(), saved);
    }

    private Subnet? ReadPrevious()
    {
        try
        {
            return SubnetFile.Read(_settings.SubnetFile) is { Subnet: { } v4 } env ? new(v4, env.IPv6Subnet) : null;
        }
        catch (IOException e)
        {
            _logger.SubnetFileNotRead(e.Message);
            return null;
        }
    }

    /// <summary>Reads the configuration until it is there and right; each new reason is told once.</summary>
    private async Task<(NetworkConfig Config, IBackend Backend)> ReadConfigAsync(Task<RangeResult>? first, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                // What was read ahead does not hear of the stop by itself.
                var range = await (first ?? _store.RangeAsync(KeyRange.One(_keys.Config), cancellationToken)).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (range.Keys is [var item])
                {
                    var config = NetworkConfigReader.Read(item.Value, item.ModRevision);
                    var backend = BackendRegistry.Create(config);
                    _configText = Encoding.UTF8.GetString(item.Value.Span);
                    _logger.ConfigFound(config.IPv4.Network.ToString(), config.BackendType);
                    Publish(status => status with { Config = config });
                    return (config, backend);
                }
                Wait(NodePhase.Configuration, $"there is no network configuration at {_keys.Config} in {_store.Description}; write one with --set-config FILE");
            }
            catch (StoreException e)
            {
                Wait(NodePhase.Store, e.Message);
            }
            catch (NetworkConfigException e)
            {
                Wait(NodePhase.Configuration, $"the network configuration at {_keys.Config} is not usable: {e.Message}");
            }
            first = null;
            await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private ExternalInterface ChooseInterface(RouteSocket socket, IBackend backend, bool dual)
    {
        var selection = NodeFactsReader.Select(socket, _settings.Interface, dual && backend.NeedsIPv6Underlay);
        if (selection.Interface is not { } chosen)
            throw new DeviceException(selection.Failure);
        if (backend.RefuseNode(NodeFactsReader.Read(socket, chosen, dual)) is { } reason)
            throw new DeviceException(reason);
        _logger.InterfaceChosen(chosen.Link.Name, chosen.Address!.ToString(), chosen.Mtu, chosen.PublicIp!.ToString());
        foreach (var warning in selection.Warnings)
            _logger.InterfaceWarning(warning);
        Publish(status => status with { Interface = chosen });
        return chosen;
    }

    /// <summary>Makes the devices before the lease, which tells their addresses. An adopted device keeps its address; a new one has the saved one, or one made from the identity.</summary>
    private VtepAddresses? MakeDevices(DeviceKeeper keeper, IBackend backend, NodeFacts node, string identity)
    {
        var macs = new List<MacAddress>(2);
        if (!backend.Devices(node).Any(device => device.Tunnel is not null))
            _tunnels.Drop();
        foreach (var device in backend.Devices(node))
        {
            _locks.TakeDevice(device.Name);
            if (device.Vxlan is null)
            {
                keeper.Ensure(device, null, default);
                continue;
            }
            var saved = _state.ReadMac(device.Name);
            var kept = keeper.Ensure(device, null, saved ?? DeriveMac(identity, device.Name));
            macs.Add(kept.Address);
            if (saved != kept.Address)
                _saver.Save("the device's MAC", () => _state.SaveMac(device.Name, kept.Address));
        }
        return macs.Count == 0 ? null : new(macs[0], macs.Count > 1 ? macs[1] : null);
    }

    /// <summary>A locally administered unicast address (IEEE 802: bit 1 of the first octet set, bit 0 clear) from the identity.</summary>
    internal static MacAddress DeriveMac(string identity, string device)
    {
        var hash = Fingerprint.Of(Encoding.ASCII.GetBytes(identity), Encoding.ASCII.GetBytes(device));
        return new(hash & 0xfeff_ffff_ffff | 0x0200_0000_0000);
    }

    private LeaseAcquisition NewAcquisition(LeaseRequest request)
        => new(_store, _keys, _settings.Lease, request, (phase, reason) =>
        {
            // A lost race is not worth a line; what an operator may have to act on is.
            if (phase != _status.Lease.Phase || phase == LeasePhase.Acquiring && reason != _status.Waiting)
                _logger.WaitingForLease(phase, reason);
            Publish(status => status with { Waiting = reason, Lease = new(phase, reason, null, null) });
            _attempt.Take()?.TrySetResult(false);
        }, _time, _logger);

    private async Task<LeaseAcquisition.Acquired> AcquireAsync(
        LeaseAcquisition acquisition, NetworkConfig config, RangeResult? list, CancellationToken cancellationToken)
    {
        Publish(status => status with { Phase = NodePhase.Lease, Waiting = "" });
        while (true)
        {
            try
            {
                var acquired = await acquisition.AcquireAsync(config, list, cancellationToken).ConfigureAwait(false);
                _logger.LeaseAcquired(acquired.Lease.Subnet, acquired.How, acquired.TtlSeconds);
                SaveLease(acquired.Lease, acquired.Lease.IsReservation ? null : _time.GetUtcNow() + TimeSpan.FromSeconds(acquired.TtlSeconds));
                return acquired;
            }
            catch (LeaseConflictException e)
            {
                if (_status.Lease.Phase != LeasePhase.Conflict)
                    _logger.LeaseConflict(e.Message);
                Publish(status => status with { Waiting = e.Message, Lease = new(LeasePhase.Conflict, e.Message, null, null) });
                _attempt.Take()?.TrySetResult(false);
            }
            list = null;
            // An operator acts here by "repair", or elsewhere by stopping the other node: then its claim goes within a minute.
            await Task.WhenAny(_operator.Task, Task.Delay(TimeSpan.FromSeconds(30), _time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Does what the kernel may refuse, until it does not.</summary>
    private async Task<T> UntilDoneAsync<T>(NodePhase phase, Func<T> act, CancellationToken cancellationToken)
    {
        Publish(status => status with { Phase = phase, Waiting = "" });
        while (true)
        {
            try
            {
                return act();
            }
            catch (Exception e) when (e is DeviceException or NetlinkException)
            {
                Wait(phase, Explain(e));
            }
            await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Explain(Exception e)
        => e is NetlinkException { Errno: Errno.EOPNOTSUPP } ? $"{e.Message}: this kernel has no vxlan module (modprobe vxlan), or use the backend host-gw"
            : e is NetlinkException { Errno: Errno.EPERM } ? $"{e.Message}: this needs root, or CAP_NET_ADMIN"
            : e.Message;
}
