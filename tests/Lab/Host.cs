using System.Net;

namespace FlannelPS.Lab;

/// <summary>One host of an underlay: a namespace with eth0, a folder for its files, and what runs on it.</summary>
public sealed class Host : IDisposable
{
    private readonly List<Daemon> _daemons = [];
    private Workload? _workload;

    internal Host(Underlay underlay, int number)
    {
        Number = number;
        Name = $"{underlay.Name}-h{number}";
        Address = IPAddress.Parse($"198.18.0.{10 + number}");
        Address6 = underlay.Options.Ipv6 ? IPAddress.Parse($"fd00:198:18::{10 + number}") : null;
        Folder = Directory.CreateDirectory(Path.Combine(underlay.Folder, $"h{number}")).FullName;
        Namespace = NetworkNamespace.Create(Name);
        underlay.Bridge.Ip(
            $"link add p{number} mtu {underlay.Options.Mtu} type veth peer name eth0 mtu {underlay.Options.Mtu} netns {Name}",
            $"link set p{number} master br0 up");
        Namespace.Ip(
            $"addr add {Address}/16 dev eth0",
            "link set eth0 up",
            $"route add default via {Underlay.BridgeAddress}");
        Namespace.Sysctl("net/ipv4/ip_forward", "1");
        if (Address6 is not null)
        {
            Namespace.Ip($"addr add {Address6}/64 dev eth0 nodad", "route add ::/0 via fd00:198:18::1");
            Namespace.Sysctl("net/ipv6/conf/all/forwarding", "1");
        }
    }

    /// <summary>1 for the first.</summary>
    public int Number { get; }

    /// <summary>Its name, unique on the machine; also the instance name of its daemon.</summary>
    public string Name { get; }

    /// <summary>Address on eth0.</summary>
    public IPAddress Address { get; }

    /// <summary>IPv6 address on eth0; null when the underlay has none.</summary>
    public IPAddress? Address6 { get; }

    /// <summary>A folder of its own.</summary>
    public string Folder { get; }

    /// <summary>Where its daemon writes subnet.env.</summary>
    public string SubnetFile => Path.Combine(Folder, "subnet.env");

    /// <summary>The control socket of a flannelpsd started here.</summary>
    public string ControlSocket => $"/run/flannelps/{Name}.sock";

    /// <summary>Its namespace.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>The workload behind it, once attached.</summary>
    public Workload Workload => _workload ?? throw new InvalidOperationException($"host {Number} has no workload");

    /// <summary>Starts flannelpsd with this host's interface, files and name; further flags win over these.</summary>
    public Daemon StartFlannelpsd(string endpoints, params IReadOnlyList<string> flags) =>
        Start(Programs.Flannelpsd, [$"--etcd-endpoints={endpoints}", "--iface=eth0", $"--subnet-file={SubnetFile}", $"--name={Name}", .. flags]);

    /// <summary>The same, to be killed at a named place of its own code (Kernel/KillPoint.cs of the engine).</summary>
    public Daemon StartFlannelpsdUntil(string place, string endpoints, params IReadOnlyList<string> flags) =>
        Start("env", [$"FLANNELPS_KILL_POINT={place}", Programs.Flannelpsd, $"--etcd-endpoints={endpoints}", "--iface=eth0", $"--subnet-file={SubnetFile}", $"--name={Name}", .. flags]);

    /// <summary>Starts the original flanneld; without its forward rules, which need iptables.</summary>
    public Daemon StartFlanneld(string endpoints, params IReadOnlyList<string> flags) =>
        Start(
            Programs.Flanneld ?? throw new InvalidOperationException("FLANNELD is not set"),
            [$"-etcd-endpoints={endpoints}", "-iface=eth0", $"-subnet-file={SubnetFile}", "-iptables-forward-rules=false", .. flags]);

    /// <summary>Starts any program that goes on running.</summary>
    public Daemon Start(string program, IReadOnlyList<string> arguments)
    {
        var daemon = new Daemon(Namespace, program, arguments);
        _daemons.Add(daemon);
        return daemon;
    }

    /// <summary>Waits until subnet.env is there and says what it holds.</summary>
    /// <param name="daemon">Whose end ends the wait; its log is then in the exception.</param>
    /// <param name="cancellationToken">Ends the wait too.</param>
    public async Task<SubnetEnv> WaitForSubnetEnvAsync(Daemon daemon, CancellationToken cancellationToken)
    {
        while (!File.Exists(SubnetFile))
        {
            if (daemon.HasEnded)
            {
                throw new InvalidOperationException($"host {Number}: the daemon ended with code {daemon.ExitCode} before it wrote subnet.env:\n{daemon.Log}");
            }

            if (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException($"host {Number}: no subnet.env in time; the daemon's log:\n{daemon.Log}", cancellationToken);
            }

            await Task.Delay(5, CancellationToken.None);
        }

        return SubnetEnv.Parse(await File.ReadAllTextAsync(SubnetFile, cancellationToken));
    }

    /// <summary>Puts a workload behind the host, on a bridge with the gateway address of its subnet.</summary>
    public Workload AttachWorkload(SubnetEnv subnet)
    {
        _workload?.Dispose();
        return _workload = new Workload(this, subnet);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var daemon in _daemons)
        {
            daemon.Dispose();
        }

        _workload?.Dispose();
        Namespace.Dispose();
    }
}
