using System.Net;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>One node of this host, as it stood when it was asked.</summary>
public sealed class FlannelNode
{
    /// <summary>A node that runs, from its daemon's status.</summary>
    internal FlannelNode(JsonElement status)
    {
        Name = status.Text("name") ?? "";
        State = status.Text("state") ?? "";
        Phase = status.Text("phase") ?? "";
        IsReady = status.Flag("ready");
        Reasons = status.Texts("reasons");
        Causes = status.Texts("causes");
        HostType = status.Text("hostType") ?? "";
        Id = (int)(status.Number("pid") ?? 0);
        Version = status.Text("version");
        Network = status.Network("network");
        IPv6Network = status.Network("ipv6Network");
        (SubnetLength, SubnetMin, SubnetMax) = ((int?)status.Number("subnetLength"), status.Address("subnetMin"), status.Address("subnetMax"));
        Backend = status.Text("backend");
        Interface = status.Text("interface");
        PublicIP = status.Address("publicIp");
        PublicIPv6 = status.Address("publicIpV6");
        Mtu = (int?)status.Number("mtu");
        StartTime = status.Time("started")?.ToLocalTime();
        var (lease, store, file, kernel) = (status.Part("lease"), status.Part("store"), status.Part("subnetFile"), status.Part("kernel"));
        Subnet = lease.Network("subnet");
        IPv6Subnet = lease.Network("ipv6Subnet");
        LeaseExpiration = lease.Time("expires")?.ToLocalTime();
        (Endpoint, Prefix) = (store.Text("endpoints"), store.Text("prefix"));
        (SubnetFile, IPMasquerade) = (file.Text("path"), file.Flag("ipMasq"));
        var firewall = status.Part("firewall");
        (Firewall, StrictPeers) = (firewall.Text("implementation"), firewall.Text("strictPeers"));
        FirewallProblem = firewall.Text("problem") is { Length: > 0 } problem ? problem : firewall.Text("missing") is { Length: > 0 } missing ? missing : null;
        Findings = [.. status.Objects("findings").Select(finding => $"{finding.Text("subject")}: {finding.Text("problem")}. {finding.Text("remedy")}")];
        var probes = status.Part("probes");
        ReachablePeers = (int)((probes.Number("reachable") ?? 0) + (probes.Number("lossy") ?? 0) + (probes.Number("mtuLimited") ?? 0));
        UnreachablePeers = (int)((probes.Number("unreachable") ?? 0) + (probes.Number("oneWay") ?? 0));
        (Peers, FailedObjects) = ((int)(kernel.Number("peers") ?? 0), (int)(kernel.Number("failedObjects") ?? 0));
    }

    /// <summary>A node that does not run, or does not answer.</summary>
    internal FlannelNode(string name, string state, int process, string reason)
        => (Name, State, Phase, HostType, Id, Reasons) = (name, state, "", "", process, reason.Length > 0 ? [reason] : []);

    /// <summary>The instance's name.</summary>
    public string Name { get; }

    /// <summary>One word: Ready, Starting, Conflict, NoSubnet, StoreUnreachable, Degraded, ConfigMismatch, PeerUnreachable, Stopped, Unreachable and the like.</summary>
    public string State { get; }

    /// <summary>How far it has come: Store, Configuration, Interface, Device, Lease, Peers, Running.</summary>
    public string Phase { get; }

    /// <summary>Whether it is ready.</summary>
    public bool IsReady { get; }

    /// <summary>Why it is not.</summary>
    public IReadOnlyList<string> Reasons { get; }

    /// <summary>Why <see cref="State"/> is not Ready, a line each. Not each of them keeps the node from being ready: a peer that is switched off is not this node's fault.</summary>
    public IReadOnlyList<string> Causes { get; } = [];

    /// <summary>What on this host may hinder workloads though the node itself is well, such as a kernel setting, each with its remedy.</summary>
    public IReadOnlyList<string> Findings { get; } = [];

    /// <summary><c>Detached</c>, <c>Service</c> or <c>Session</c>; empty for one that does not run.</summary>
    public string HostType { get; }

    /// <summary>The process; 0 for none.</summary>
    public int Id { get; }

    /// <summary>The daemon's version.</summary>
    public string? Version { get; }

    /// <summary>The network.</summary>
    public IPNetwork? Network { get; }

    /// <summary>The IPv6 network.</summary>
    public IPNetwork? IPv6Network { get; }

    /// <summary>Prefix length of the subnets that the network is divided into.</summary>
    public int? SubnetLength { get; }

    /// <summary>The first of them that may be given to a host.</summary>
    public IPAddress? SubnetMin { get; }

    /// <summary>The last.</summary>
    public IPAddress? SubnetMax { get; }

    /// <summary>This host's subnet.</summary>
    public IPNetwork? Subnet { get; }

    /// <summary>This host's IPv6 subnet.</summary>
    public IPNetwork? IPv6Subnet { get; }

    /// <summary>The address that other hosts use.</summary>
    public IPAddress? PublicIP { get; }

    /// <summary>The IPv6 address that other hosts use.</summary>
    public IPAddress? PublicIPv6 { get; }

    /// <summary>The backend.</summary>
    public string? Backend { get; }

    /// <summary>The interface towards other hosts.</summary>
    public string? Interface { get; }

    /// <summary>MTU for workloads, bytes.</summary>
    public int? Mtu { get; }

    /// <summary>How many other hosts it has in the kernel.</summary>
    public int Peers { get; }

    /// <summary>How many of them answer the probes.</summary>
    public int ReachablePeers { get; }

    /// <summary>How many do not.</summary>
    public int UnreachablePeers { get; }

    /// <summary>How many kernel objects could not be set.</summary>
    public int FailedObjects { get; }

    /// <summary>Where subnet, MTU and network are written.</summary>
    public string? SubnetFile { get; }

    /// <summary>Whether it masquerades.</summary>
    public bool IPMasquerade { get; }

    /// <summary>What holds its firewall rules: <c>nftables</c>, <c>iptables</c> or <c>none</c>.</summary>
    public string? Firewall { get; }

    /// <summary>Whether the kernel keeps strangers from the tunnel: <c>Enforced</c>, <c>NotEnforced</c> or <c>Off</c>.</summary>
    public string? StrictPeers { get; }

    /// <summary>What of the firewall is not as asked for; null for nothing.</summary>
    public string? FirewallProblem { get; }

    /// <summary>The store's endpoints.</summary>
    public string? Endpoint { get; }

    /// <summary>Where in the store the network stands.</summary>
    public string? Prefix { get; }

    /// <summary>When the lease ends unless it is kept alive.</summary>
    public DateTimeOffset? LeaseExpiration { get; }

    /// <summary>When the daemon started.</summary>
    public DateTimeOffset? StartTime { get; }

    /// <summary>How long it runs.</summary>
    public TimeSpan? Uptime => StartTime is { } start ? DateTimeOffset.Now - start : null;

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
