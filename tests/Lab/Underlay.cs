using System.Net;

namespace FlannelPS.Lab;

/// <summary>What an underlay looks like.</summary>
public sealed record UnderlayOptions
{
    /// <summary>How many hosts; at most 200.</summary>
    public int Hosts { get; init; } = 3;

    /// <summary>MTU of the bridge and the hosts' interfaces, in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Whether hosts have IPv6 addresses too.</summary>
    public bool Ipv6 { get; init; }
}

/// <summary>Hosts as network namespaces, joined by a bridge in a namespace of its own: a network on one machine that touches none of the machine's.</summary>
/// <remarks>
/// The bridge is 198.18.0.1/16 (and fd00:198:18::1/64), the hosts are 198.18.0.11, .12 and so on, with a default route through the bridge.
/// Everything goes with <see cref="Dispose"/>, at the end of the process, and at the next lab's start should the process have been killed.
/// </remarks>
public sealed class Underlay : IDisposable
{
    private static int _count;
    private readonly List<Host> _hosts = [];
    private readonly Lock _disposing = new();
    private bool _disposed;

    private Underlay(string name, UnderlayOptions options)
    {
        Name = name;
        Options = options;
        Folder = Directory.CreateDirectory(Path.Combine(Leftovers.Folder, name)).FullName;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        Bridge = null!;
    }

    /// <summary>Begins the names of all that belongs to this underlay.</summary>
    public string Name { get; }

    /// <summary>What it was made with.</summary>
    public UnderlayOptions Options { get; }

    /// <summary>A folder that goes with the underlay; each host has one inside.</summary>
    public string Folder { get; }

    /// <summary>The namespace of the bridge; a store for the hosts runs here.</summary>
    public NetworkNamespace Bridge { get; private set; }

    /// <summary>The bridge's address, which every host reaches.</summary>
    public static IPAddress BridgeAddress { get; } = IPAddress.Parse("198.18.0.1");

    /// <summary>The hosts, in order.</summary>
    public IReadOnlyList<Host> Hosts => _hosts;

    /// <summary>Makes an underlay; needs root.</summary>
    public static Underlay Create(UnderlayOptions? options = null)
    {
        Leftovers.Sweep();
        var made = new Underlay($"{Leftovers.Mark}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}", options ?? new());
        try
        {
            made.Bridge = NetworkNamespace.Create(made.Name + "-br");
            made.Bridge.Ip(
                // A bridge without an address of its own takes its lowest port's, and changes it under the hosts' feet when that port goes.
                $"link add br0 address 02:fe:00:00:00:01 mtu {made.Options.Mtu} type bridge",
                "link set br0 up",
                $"addr add {BridgeAddress}/16 dev br0");
            made.Bridge.Sysctl("net/ipv4/ip_forward", "1");
            if (made.Options.Ipv6)
            {
                made.Bridge.Ip("addr add fd00:198:18::1/64 dev br0 nodad");
            }

            for (int number = 1; number <= made.Options.Hosts; number++)
            {
                made.AddHost();
            }

            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Joins one more host.</summary>
    public Host AddHost()
    {
        var host = new Host(this, _hosts.Count + 1);
        _hosts.Add(host);
        return host;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_disposing)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            foreach (var host in _hosts)
            {
                host.Dispose();
            }

            Bridge?.Dispose();
            Directory.Delete(Folder, recursive: true);
            Leftovers.RemoveState(name => name.StartsWith(Name + "-", StringComparison.Ordinal));
        }
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();
}
