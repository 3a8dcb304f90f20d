using System.Net;

namespace FlannelPS.Report;

/// <summary>One host of a network.</summary>
/// <param name="Subnet">Its subnet, by which hosts are told apart.</param>
/// <param name="PublicIP">Its address on the underlay.</param>
/// <param name="Name">What it is called, or its address.</param>
internal sealed record HostView(IPNetwork Subnet, IPAddress? PublicIP, string Name)
{
    /// <summary>The node, where it was asked itself.</summary>
    public NodeFact? Node { get; init; }

    /// <summary>Its place among those that were asked.</summary>
    public int? Asker { get; init; }

    /// <summary>Its backend.</summary>
    public string Backend { get; init; } = "";

    /// <summary>Its version; empty where nobody knows.</summary>
    public string Version { get; init; } = "";

    /// <summary>Whether its subnet is pinned to it.</summary>
    public bool IsReservation { get; init; }

    /// <summary>How those that were asked have it, in their order; null in its own place and where they do not know it.</summary>
    public IReadOnlyList<PeerFact?> Seen { get; init; } = [];

    /// <summary>The gravest of it; null where nobody else was asked.</summary>
    public LinkState? Worst { get; init; }

    /// <summary>How one of those that were asked has it.</summary>
    public LinkState StateFor(int asker) => Asker == asker ? LinkState.Self : Seen[asker]?.State ?? LinkState.Absent;

    /// <summary>Its address in a title.</summary>
    public string Place => $"{Subnet} on {PublicIP?.ToString() ?? "an unknown address"}";
}

/// <summary>One network: its hosts in the order of their subnets, and what each of those that were asked sees.</summary>
/// <param name="Network">The network.</param>
/// <param name="Witnesses">Those that were asked.</param>
/// <param name="Hosts">All hosts that anybody knows of.</param>
internal sealed record NetworkPicture(IPNetwork Network, IReadOnlyList<Witness> Witnesses, IReadOnlyList<HostView> Hosts)
{
    /// <summary>The subnets that may be given.</summary>
    public required SubnetMap Subnets { get; init; }

    /// <summary>All ways that are known.</summary>
    public IEnumerable<(Witness From, HostView To, LinkState State, PeerFact? Peer)> Ways()
    {
        for (var asker = 0; asker < Witnesses.Count; asker++)
            foreach (var host in Hosts)
                if (host.StateFor(asker) is var state && state != LinkState.Self)
                    yield return (Witnesses[asker], host, state, host.Seen[asker]);
    }

    /// <summary>The host that a node is; null while it has no subnet.</summary>
    public HostView? HostOf(NodeFact node) => Hosts.FirstOrDefault(host => ReferenceEquals(host.Node, node));

    /// <summary>What a node is called.</summary>
    public string NameOf(NodeFact node) => HostOf(node)?.Name ?? PictureBuilder.NameOf(node);
}

/// <summary>All that the report shows.</summary>
/// <param name="Taken">When.</param>
/// <param name="Networks">The networks, by address.</param>
/// <param name="Witnesses">All nodes that were asked, those without a network too.</param>
internal sealed record Picture(DateTimeOffset Taken, IReadOnlyList<NetworkPicture> Networks, IReadOnlyList<Witness> Witnesses);
