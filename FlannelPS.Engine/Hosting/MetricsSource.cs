using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>What a node's numbers are read from, at one moment.</summary>
/// <param name="Name">The instance.</param>
/// <param name="LeaseTtlSeconds">How long a lease outlives its host.</param>
/// <param name="Status">How the node stands.</param>
/// <param name="Leases">The leases.</param>
/// <param name="Now">The time.</param>
internal sealed record MetricsSource(string Name, int LeaseTtlSeconds, NodeStatus Status, LeaseTable Leases, DateTimeOffset Now)
{
    /// <summary>How far following the leases has come.</summary>
    public FollowerProgress Following { get; init; }

    /// <summary>What was asked of the store.</summary>
    public StoreCounters Store { get; init; } = StoreCounters.None;

    /// <summary>How each peer stands by the probes, by its lease's key.</summary>
    public IReadOnlyDictionary<string, PeerReach> Reach { get; init; } = new Dictionary<string, PeerReach>();

    /// <summary>Probes since the start.</summary>
    public ProbeCounters Probes { get; init; }

    /// <summary>The UDP tunnel; null where there is none.</summary>
    public TunnelStatus? Tunnel { get; init; }
}
