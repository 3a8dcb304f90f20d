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
        State = peer.Text("state") ?? (Programmed ? "Programmed" : "Failed");
        Reason = peer.Text("reason") ?? "";
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

    /// <summary><c>Programmed</c>; <c>Refused</c>: its lease is not believed; <c>Failed</c>: the kernel refused, or somebody else's object stands in its place.</summary>
    public string State { get; }

    /// <summary>Why it is not programmed; empty when it is.</summary>
    public string Reason { get; }

    /// <summary>The lease's key in the store.</summary>
    public string Key { get; }

    /// <summary>Its subnet.</summary>
    public override string ToString() => Subnet?.ToString() ?? Key;
}
