using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

/// <summary>What a tunnel is, and what it has done, at one moment.</summary>
/// <param name="Device">Name of the TUN device.</param>
/// <param name="Local">Address of the socket.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Features">What the kernel does for it.</param>
/// <param name="Routes">Subnets it forwards to.</param>
/// <param name="Counters">They go on counting.</param>
public sealed record TunnelStatus(string Device, IPAddress Local, ushort Port, string Features, int Routes, TunnelCounters Counters);

/// <summary>Makes the UDP tunnel be there, as it should be: taken over where a predecessor left it, made anew where it has gone.</summary>
public sealed class TunnelKeeper : IDisposable
{
    private readonly bool _offload;
    private readonly ILogger _logger;
    private readonly TunnelCounters _counters = new();
    private readonly object _gate = new();
    private UdpTunnel? _tunnel;
    private DesiredDevice? _wanted;
    private ForwardingTable? _table;
    private (FileDescriptor? Device, FileDescriptor? Socket) _offered;

    /// <param name="offload">Whether to use what the kernel has of super-packets (<c>--udp-offload</c>).</param>
    /// <param name="logger">Takes what an operator acts on.</param>
    public TunnelKeeper(bool offload, ILogger logger) => (_offload, _logger) = (offload, logger);

    /// <summary>Told when the tunnel ended by itself: it has to be made again.</summary>
    public Action Ended { get; set; } = () => { };

    /// <summary>Told of each new tunnel, with the descriptors of device and socket.</summary>
    public Action<FileDescriptor, FileDescriptor> Opened { get; set; } = (_, _) => { };

    /// <summary>Told of each new tunnel and table, to be remembered.</summary>
    public Action<TunnelSeed> Changed { get; set; } = _ => { };

    /// <summary>How it stands; null while there is none.</summary>
    public TunnelStatus? Status
    {
        get
        {
            lock (_gate)
                return _tunnel is { } tunnel && _wanted is { Tunnel: { } info } wanted
                    ? new(wanted.Name, info.Local, info.Port, tunnel.Features, tunnel.Table.Routes.Count, _counters)
                    : null;
        }
    }

    /// <summary>The open descriptors, for a successor; empty while there is no tunnel.</summary>
    public IReadOnlyList<FileDescriptor> Descriptors
    {
        get
        {
            lock (_gate)
                return _tunnel is { IsRunning: true } tunnel ? [tunnel.Device.Descriptor, tunnel.Socket.Descriptor] : [];
        }
    }

    /// <summary>Takes descriptors of a predecessor, to be used where they fit.</summary>
    /// <param name="device">Its TUN device; null for none.</param>
    /// <param name="socket">Its socket; null for none.</param>
    public void Offer(FileDescriptor? device, FileDescriptor? socket)
    {
        lock (_gate)
        {
            _offered.Device?.Dispose();
            _offered.Socket?.Dispose();
            _offered = (device, socket);
        }
    }

    /// <summary>Goes on where a predecessor left off, before the store has said anything.</summary>
    /// <returns>False when its device is not there: then all is to be made first.</returns>
    /// <exception cref="FileException">Device or socket cannot be had.</exception>
    public bool TryResume(TunnelSeed seed)
    {
        lock (_gate)
        {
            if (_offered.Device is null)
            {
                // Opening a device that is not there would make one.
                using var kernel = new RouteSocket();
                if (kernel.FindLink(seed.Device) is not { Kind: "tun" })
                    return false;
            }
            _table = new(seed.Own, seed.Mtu, seed.Routes, seed.OwnV6);
            Open(new(seed.Device, null, seed.Mtu) { Tunnel = new(seed.Local, seed.Port) });
            return true;
        }
    }

    /// <summary>Ensures tunnel and device.</summary>
    /// <exception cref="DeviceException">They cannot be had.</exception>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    internal DeviceKeeper.Kept Ensure(DesiredDevice wanted, RouteSocket kernel)
    {
        lock (_gate)
        {
            var changed = false;
            if (_tunnel is not null && !Serves(wanted))
                Close(forget: wanted.Name != _wanted!.Name);
            if (_tunnel is null)
            {
                if (kernel.FindLink(wanted.Name) is { Kind: not "tun" } other)
                    throw new DeviceException($"{wanted.Name} exists and is no TUN device but {(other.Kind.Length == 0 ? "hardware" : other.Kind)}. Rename or remove it, or choose another Port");
                TryOpen(wanted);
                changed = true;
            }
            else if (_tunnel.Device.CurrentName() is { } name && name != wanted.Name && kernel.FindLink(name) is { Kind: "tun" } renamed)
            {
                kernel.Execute(LinkRequest.SetName(renamed.Index, wanted.Name));
                _logger.DeviceCorrected(wanted.Name, "name", name, wanted.Name);
                changed = true;
            }
            if (kernel.FindLink(wanted.Name) is not { } link)
            {
                // In another namespace it is of no use, and must not stay behind.
                Close(forget: true);
                throw new DeviceException($"{wanted.Name} is not in this network namespace any more");
            }
            if (link.Mtu != wanted.Mtu)
            {
                kernel.Execute(LinkRequest.SetMtu(link.Index, wanted.Mtu));
                // Each new TUN device has 1500 first.
                if (!changed)
                    _logger.DeviceCorrected(wanted.Name, "MTU", link.Mtu.ToString(), wanted.Mtu.ToString());
                changed = true;
            }
            return new(link.Index, default, changed);
        }
    }

    /// <summary>Says which subnet is behind which host.</summary>
    /// <param name="own">Our own; its IPv6 half, where there is one, makes the tunnel carry IPv6.</param>
    /// <param name="tunnels">The peers'.</param>
    public void Forward(Subnet own, IReadOnlyDictionary<IPNetwork, IPAddress> tunnels)
    {
        lock (_gate)
        {
            if (_tunnel is null || _wanted is null || IsSame(own, tunnels))
                return;
            _tunnel.Table = _table = new(own.IPv4, _wanted.Mtu, [.. tunnels.Select(entry => new TunnelRoute(entry.Key, entry.Value))], own.IPv6);
            Remember();
        }
    }

    /// <summary>The network has another backend by now: tunnel, socket and device go.</summary>
    public void Drop()
    {
        lock (_gate)
            Close(forget: true);
    }

    /// <summary>Closes tunnel and socket; the device stays.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Close(forget: false);
            _offered.Device?.Dispose();
            _offered.Socket?.Dispose();
            _offered = default;
        }
    }

    private bool Serves(DesiredDevice wanted)
        => _tunnel!.IsRunning && wanted.Name == _wanted!.Name && wanted.Tunnel == _wanted.Tunnel && wanted.Mtu == _wanted.Mtu && _tunnel.Device.CurrentName() is not null;

    private bool IsSame(Subnet own, IReadOnlyDictionary<IPNetwork, IPAddress> tunnels)
        => _table is { } table && table.Own == own.IPv4 && table.OwnV6 == own.IPv6 && table.Mtu == _wanted!.Mtu && table.Routes.Count == tunnels.Count
            && table.Routes.All(route => tunnels.TryGetValue(route.Subnet, out var host) && host.Equals(route.Host));

    private void TryOpen(DesiredDevice wanted)
    {
        try
        {
            Open(wanted);
        }
        catch (FileException e)
        {
            throw new DeviceException(e.Errno switch
            {
                Errno.EBUSY => $"{e.Message} Another program holds it: is a flanneld still running?",
                Errno.EADDRINUSE => $"{e.Message} Another program holds it: is a flanneld still running?",
                Errno.ENOENT or Errno.ENODEV => $"{e.Message} This kernel has no tun module (modprobe tun), or use the backend vxlan",
                Errno.EPERM => $"{e.Message} This needs root, or CAP_NET_ADMIN",
                _ => e.Message,
            });
        }
    }

    private void Open(DesiredDevice wanted)
    {
        var info = wanted.Tunnel!;
        var (deviceFd, socketFd) = _offered;
        _offered = default;
        var device = deviceFd is null ? null : TunDevice.TryAdopt(deviceFd, _offload);
        UdpSocket? socket = null;
        try
        {
            socket = (socketFd is null ? null : UdpSocket.TryAdopt(socketFd, info.Local, info.Port, _offload)) ?? UdpSocket.Open(info.Local, info.Port, _offload);
            // A predecessor without offloads left a descriptor that cannot have them: the device itself can.
            if (device is { HeaderLength: 0 } && _offload)
            {
                device.Dispose();
                device = null;
            }
            device ??= TunDevice.Open(wanted.Name, _offload);
        }
        catch
        {
            device?.Dispose();
            socket?.Dispose();
            throw;
        }
        _wanted = wanted;
        var table = _table ?? new ForwardingTable(new(IPAddress.Any, 32), wanted.Mtu, []);
        if (table.Mtu != wanted.Mtu)
            table = new(table.Own, wanted.Mtu, table.Routes, table.OwnV6);
        _tunnel = new(device, socket, info.Port, table, _counters, _logger, () => Ended());
        _logger.TunnelRuns(wanted.Name, info.Local.ToString(), info.Port, _tunnel.Features);
        Opened(device.Descriptor, socket.Descriptor);
        Remember();
    }

    private void Close(bool forget)
    {
        if (forget)
            _tunnel?.Device.SetPersistent(false);
        _tunnel?.Dispose();
        _tunnel = null;
    }

    private void Remember()
    {
        if (_table is { } table && _wanted is { Tunnel: { } info } wanted)
            Changed(new(wanted.Name, info.Local, info.Port, wanted.Mtu, table.Own, table.OwnV6, table.Routes));
    }
}
