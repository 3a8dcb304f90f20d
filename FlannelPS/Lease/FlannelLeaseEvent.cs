using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>One change of a network's leases.</summary>
public sealed class FlannelLeaseEvent
{
    internal FlannelLeaseEvent(LeaseChange change)
    {
        Type = change.Kind switch
        {
            LeaseChangeKind.Added => FlannelLeaseEventType.Added,
            LeaseChangeKind.Updated => FlannelLeaseEventType.Updated,
            LeaseChangeKind.Removed => FlannelLeaseEventType.Removed,
            _ => FlannelLeaseEventType.Reset,
        };
        Lease = change.Lease is { } lease ? new FlannelLease(lease, null, default) : null;
        Revision = change.Revision;
    }

    /// <summary>What happened.</summary>
    public FlannelLeaseEventType Type { get; }

    /// <summary>The lease, of a removed one as it was last seen; null for <see cref="FlannelLeaseEventType.Reset"/>. Its time to live is not asked for.</summary>
    public FlannelLease? Lease { get; }

    /// <summary>The lease's subnet.</summary>
    public IPNetwork? Subnet => Lease?.Subnet;

    /// <summary>The address of the lease's host.</summary>
    public IPAddress? PublicIP => Lease?.PublicIP;

    /// <summary>Store revision of the change: a later watch goes on behind it with <c>-SinceRevision</c>.</summary>
    public long Revision { get; }

    /// <summary>When it was heard of here.</summary>
    public DateTimeOffset Time { get; } = DateTimeOffset.Now;

    /// <summary>What happened to which subnet.</summary>
    public override string ToString() => Lease is null ? $"{Type}" : $"{Type} {Lease}";
}
