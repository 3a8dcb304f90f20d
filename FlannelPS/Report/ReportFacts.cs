using System.Net;

namespace FlannelPS.Report;

/// <summary>A node that was asked, by its own words.</summary>
/// <param name="Host">The computer as the user called it; empty for this one.</param>
/// <param name="Name">The instance.</param>
internal sealed record NodeFact(string Host, string Name)
{
    /// <summary>What its computer calls itself; empty where that is not known.</summary>
    public string HostName { get; init; } = "";

    /// <summary>One word; empty where only its peers are known.</summary>
    public string State { get; init; } = "";

    /// <summary>Why it is not Ready.</summary>
    public IReadOnlyList<string> Causes { get; init; } = [];

    /// <summary>What of the host may hinder workloads.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>The network; null before it is known.</summary>
    public IPNetwork? Network { get; init; }

    /// <summary>The IPv6 network.</summary>
    public IPNetwork? IPv6Network { get; init; }

    /// <summary>Its own subnet.</summary>
    public IPNetwork? Subnet { get; init; }

    /// <summary>Prefix length of the subnets that are given away.</summary>
    public int? SubnetLength { get; init; }

    /// <summary>The first that may be given.</summary>
    public IPAddress? SubnetMin { get; init; }

    /// <summary>The last.</summary>
    public IPAddress? SubnetMax { get; init; }

    /// <summary>Its address for the others.</summary>
    public IPAddress? PublicIP { get; init; }

    /// <summary>The backend.</summary>
    public string Backend { get; init; } = "";

    /// <summary>The interface towards the others.</summary>
    public string Interface { get; init; } = "";

    /// <summary>MTU for workloads.</summary>
    public int? Mtu { get; init; }

    /// <summary>Where in the store.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The daemon's version.</summary>
    public string Version { get; init; } = "";

    /// <summary>What holds its rules.</summary>
    public string Firewall { get; init; } = "";

    /// <summary>When its lease ends unless it is kept alive.</summary>
    public DateTimeOffset? LeaseExpiration { get; init; }

    /// <summary>Since when it runs.</summary>
    public DateTimeOffset? StartTime { get; init; }
}

/// <summary>Another host, as a node has it.</summary>
/// <param name="Subnet">Its subnet.</param>
/// <param name="PublicIP">Its address on the underlay.</param>
/// <param name="State">How the node has it.</param>
internal sealed record PeerFact(IPNetwork Subnet, IPAddress? PublicIP, LinkState State)
{
    /// <summary>The state's own word.</summary>
    public string Word { get; init; } = State.ToString();

    /// <summary>Why it is not as it should be.</summary>
    public string Reason { get; init; } = "";

    /// <summary>There and back.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Which part was lost in the last minute, 0 to 1.</summary>
    public double? LossMinute { get; init; }

    /// <summary>The same for the last hour.</summary>
    public double? LossHour { get; init; }

    /// <summary>The longest packet that came through.</summary>
    public int? Mtu { get; init; }

    /// <summary>When it answered last.</summary>
    public DateTimeOffset? LastAnswer { get; init; }

    /// <summary>What it calls itself; nobody vouches for it.</summary>
    public string HostName { get; init; } = "";

    /// <summary>Its version.</summary>
    public string Version { get; init; } = "";

    /// <summary>Its backend.</summary>
    public string Backend { get; init; } = "";
}

/// <summary>A subnet that is taken, by the store.</summary>
/// <param name="Subnet">The subnet.</param>
/// <param name="PublicIP">Whose.</param>
/// <param name="Backend">With which backend.</param>
/// <param name="IsReservation">Whether it has no end.</param>
internal sealed record LeaseFact(IPNetwork Subnet, IPAddress? PublicIP, string Backend, bool IsReservation);

/// <summary>Something that happened at a node.</summary>
/// <param name="Time">When.</param>
/// <param name="Level">How grave, one word.</param>
/// <param name="Kind">What kind.</param>
/// <param name="Message">What.</param>
internal sealed record EventFact(DateTimeOffset Time, string Level, string Kind, string Message);

/// <summary>A node and all that it told.</summary>
/// <param name="Node">The node.</param>
/// <param name="Peers">The other hosts, as it has them.</param>
/// <param name="Leases">The leases it knows.</param>
/// <param name="Events">What happened there.</param>
internal sealed record Witness(NodeFact Node, IReadOnlyList<PeerFact> Peers, IReadOnlyList<LeaseFact> Leases, IReadOnlyList<EventFact> Events);
