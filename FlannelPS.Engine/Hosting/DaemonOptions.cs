using System.Net;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>What the process was asked to do.</summary>
public enum DaemonTask
{
    /// <summary>Keep a lease and program the kernel until told to stop.</summary>
    Run,

    /// <summary>Write the network configuration to the store and end.</summary>
    SetConfig,

    /// <summary>Remove what this instance left behind and end.</summary>
    Cleanup,
}

/// <summary>A checked command line with its environment.</summary>
/// <remarks>A class, not a record: the password inside <see cref="Store"/> must not come out by printing.</remarks>
public sealed class DaemonOptions
{
    /// <summary>What to do.</summary>
    public DaemonTask Task { get; init; }

    /// <summary>The instance's name (<c>--name</c>, else from the subnet file).</summary>
    public string Name { get; init; } = InstanceName.Default;

    /// <summary>The file for <see cref="DaemonTask.SetConfig"/>; <c>-</c> is standard input.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>How to reach the store.</summary>
    public required StoreOptions Store { get; init; }

    /// <summary><c>etcd-prefix</c>, as given.</summary>
    public string Prefix { get; init; } = "/coreos.com/network";

    /// <summary>What was said about the interface.</summary>
    public InterfaceOptions Interface { get; init; } = InterfaceOptions.None;

    /// <summary><c>subnet-file</c>, full path.</summary>
    public string SubnetFile { get; init; } = InstanceName.DefaultSubnetFile;

    /// <summary>Time to live of the lease in the store, seconds.</summary>
    public int LeaseTtlSeconds { get; init; } = 86_400;

    /// <summary>How long before expiry the lease is renewed at the latest.</summary>
    public TimeSpan LeaseRenewMargin { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary><c>ip-masq</c>.</summary>
    public bool IpMasq { get; init; }

    /// <summary><c>ip-masq-fully-random-disable</c>.</summary>
    public bool IpMasqFullyRandomDisable { get; init; }

    /// <summary><c>iptables-forward-rules</c>.</summary>
    public bool ForwardRules { get; init; } = true;

    /// <summary><c>no-masq-prefix</c>: networks with which addresses are kept.</summary>
    public IReadOnlyList<IPNetwork> NoMasquerade { get; init; } = [];

    /// <summary><c>strict-peers</c>: whether the tunnel takes packets from hosts with a lease alone.</summary>
    public bool StrictPeers { get; init; } = true;

    /// <summary><c>probe</c>: whether peers are asked now and then, through the tunnel, whether they are reachable.</summary>
    public bool Probe { get; init; } = true;

    /// <summary><c>iptables-resync</c>: period of the slow poll of firewall and blackhole route.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>ip-blackhole-route</c>.</summary>
    public bool BlackholeRoute { get; init; }

    /// <summary><c>udp-offload</c>: whether the udp backend uses what the kernel has of super-packets.</summary>
    public bool UdpOffload { get; init; } = true;

    /// <summary><c>tx-checksum-offload</c>: whether vxlan devices leave transmit checksums to the hardware below; null for auto, which leaves it as the kernel has it.</summary>
    public bool? TxChecksumOffload { get; init; }

    /// <summary><c>allow-overlap</c>: whether the network may overlap the host's own addresses and routes.</summary>
    public bool AllowOverlap { get; init; }

    /// <summary><c>replace</c>: whether to take over from a running daemon of this name.</summary>
    public bool Replace { get; init; }

    /// <summary>Where health answers listen; null for nowhere.</summary>
    public IPEndPoint? Health { get; init; }

    /// <summary>Where metrics are told, on this host's loopback; null for nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>The group that may read from the control socket; null for root alone.</summary>
    public string? SocketGroup { get; init; }

    /// <summary><c>v</c>: 0 for what an operator acts on, 1 for details, 4 for everything.</summary>
    public int Verbosity { get; init; }

    /// <summary><c>log_file</c>, full path; null for standard error.</summary>
    public string? LogFile { get; init; }

    /// <summary><c>log_file_max_size</c>, bytes; 0 for no limit.</summary>
    public long LogFileMaxSize { get; init; }
}
