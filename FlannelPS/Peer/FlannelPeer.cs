using System.Net;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Another host of the network, as a node of this host has it.</summary>
public sealed class FlannelPeer
{
    internal FlannelPeer(string node, JsonElement peer)
    {
        Node = node;
        Subnet = peer.Network("subnet");
        IPv6Subnet = peer.Network("ipv6Subnet");
        PublicIP = peer.Address("publicIp");
        BackendType = peer.Text("backendType") ?? "";
        Programmed = peer.Flag("programmed");
        var reach = peer.Part("reach");
        var (programmed, reached) = (peer.Text("state") ?? (Programmed ? "Programmed" : "Failed"), reach.Text("state"));
        State = Programmed && reached is not (null or "Unknown") ? reached : programmed;
        Reason = peer.Text("reason") ?? reach.Text("reason") ?? "";
        ProbeAddress = reach.Address("address");
        RoundTripTime = reach.Fraction("roundTripMilliseconds") is { } time ? TimeSpan.FromMilliseconds(time) : null;
        LossLastMinute = reach.Fraction("lossLastMinute");
        LossLastHour = reach.Fraction("lossLastHour");
        WorkingMtu = (int?)reach.Number("workingMtu");
        LastAnswer = reach.Time("lastAnswer")?.ToLocalTime();
        LastHeard = reach.Time("lastHeard")?.ToLocalTime();
        HostName = reach.Text("hostName");
        Version = reach.Text("version");
        Key = peer.Text("key") ?? "";
    }

    /// <summary>The node of this host that was asked.</summary>
    public string Node { get; }

    /// <summary>The peer's subnet.</summary>
    public IPNetwork? Subnet { get; }

    /// <summary>Its IPv6 subnet.</summary>
    public IPNetwork? IPv6Subnet { get; }

    /// <summary>Its address on the underlay.</summary>
    public IPAddress? PublicIP { get; }

    /// <summary>Such as <c>vxlan</c>.</summary>
    public string BackendType { get; }

    /// <summary>Whether traffic to it can go: all of it stands in the kernel.</summary>
    public bool Programmed { get; }

    /// <summary>
    /// One word. <c>Refused</c>: its lease is not believed; <c>Failed</c>: the kernel refused, or somebody else's object stands in its place. What is programmed is, by the probes,
    /// <c>Reachable</c>; <c>Lossy</c>: a good part of the packets is lost; <c>MtuLimited</c>: long packets do not pass; <c>OneWay</c>: its probes arrive here and ours do not come back;
    /// <c>Unreachable</c>; or <c>Programmed</c> where there are no probes, or none has been decided yet.
    /// </summary>
    public string State { get; }

    /// <summary>Why it is not programmed, or not reachable as it should be; empty for what is well.</summary>
    public string Reason { get; }

    /// <summary>What the probes ask: the peer's tunnel end, or with host-gw the host; null without probes.</summary>
    public IPAddress? ProbeAddress { get; }

    /// <summary>There and back through the tunnel, the median of the last answers; null before the first.</summary>
    public TimeSpan? RoundTripTime { get; }

    /// <summary>Which part of the probes was lost in the last minute, 0 to 1.</summary>
    public double? LossLastMinute { get; }

    /// <summary>The same for the last hour.</summary>
    public double? LossLastHour { get; }

    /// <summary>The longest packet that came through without being cut, bytes; null while that is not known.</summary>
    public int? WorkingMtu { get; }

    /// <summary>When it answered last.</summary>
    public DateTimeOffset? LastAnswer { get; }

    /// <summary>When a probe of its own came in last; null for a host that sends none, such as one with flanneld.</summary>
    public DateTimeOffset? LastHeard { get; }

    /// <summary>Its host name, as its probes say; null for a host that sends none. Nobody vouches for it.</summary>
    public string? HostName { get; }

    /// <summary>Its version of FlannelPS, as its probes say; null for a host that sends none.</summary>
    public string? Version { get; }

    /// <summary>The lease's key in the store.</summary>
    public string Key { get; }

    /// <summary>Its subnet.</summary>
    public override string ToString() => Subnet?.ToString() ?? Key;
}
