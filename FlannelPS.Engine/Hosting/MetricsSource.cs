using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>What a node's numbers are read from, at one moment.</summary>
/// <remarks>No record: nobody compares it, and comparers of all that is in it are some pages of the daemon.</remarks>
internal sealed class MetricsSource
{
    /// <summary>The instance.</summary>
    public required string Name { get; init; }

    /// <summary>How long a lease outlives its host.</summary>
    public required int LeaseTtlSeconds { get; init; }

    /// <summary>How the node stands.</summary>
    public required NodeStatus Status { get; init; }

    /// <summary>The leases.</summary>
    public required LeaseTable Leases { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>How far following the leases has come.</summary>
    public FollowerProgress Following { get; init; }

    /// <summary>What was asked of the store.</summary>
    public StoreCounters Store { get; init; } = new();

    /// <summary>How each peer stands by the probes, by its lease's key.</summary>
    public IReadOnlyDictionary<string, PeerReach> Reach { get; init; } = new Dictionary<string, PeerReach>();

    /// <summary>Probes since the start.</summary>
    public ProbeCounters Probes { get; init; }

    /// <summary>The UDP tunnel; null where there is none.</summary>
    public TunnelStatus? Tunnel { get; init; }
}
