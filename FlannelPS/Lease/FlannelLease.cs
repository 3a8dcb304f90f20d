using System.Management.Automation;
using System.Net;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>One host's claim on one subnet, as it stands in the store.</summary>
public sealed class FlannelLease
{
    private readonly Lease _lease;

    internal FlannelLease(Lease lease, EtcdLease? life, DateTimeOffset readAt)
    {
        _lease = lease;
        if (life is { TtlSeconds: >= 0 })
        {
            TimeToLive = TimeSpan.FromSeconds(life.TtlSeconds);
            Expiration = readAt.ToLocalTime() + TimeToLive;
        }
    }

    /// <summary>The IPv4 subnet.</summary>
    public IPNetwork Subnet => _lease.Subnet.IPv4;

    /// <summary>The IPv6 subnet of a dual-stack network.</summary>
    public IPNetwork? IPv6Subnet => _lease.Subnet.IPv6;

    /// <summary>The host's IPv4 address on the underlay.</summary>
    public IPAddress PublicIP => _lease.Attributes.PublicIp;

    /// <summary>Its IPv6 address.</summary>
    public IPAddress? PublicIPv6 => _lease.Attributes.PublicIpV6;

    /// <summary>Such as <c>vxlan</c>; empty for udp and alloc, which write none.</summary>
    public string BackendType => _lease.Attributes.BackendType;

    /// <summary>The backend's own data, such as VNI and VtepMAC; null for none.</summary>
    public object? BackendData => Json.ToObject(_lease.Attributes.BackendData);

    /// <summary>The same for the IPv6 device.</summary>
    public object? BackendV6Data => Json.ToObject(_lease.Attributes.BackendV6Data);

    /// <summary>When it ends unless it is kept alive; null for a reservation.</summary>
    public DateTimeOffset? Expiration { get; }

    /// <summary>How long it had left when it was read; null for a reservation.</summary>
    public TimeSpan? TimeToLive { get; }

    /// <summary>Whether it has no time to live: the subnet is pinned to the host.</summary>
    public bool IsReservation => _lease.IsReservation;

    /// <summary>The etcd lease it dies with; 0 for a reservation.</summary>
    public long LeaseId => _lease.EtcdLeaseId;

    /// <summary>Store revision of its last change.</summary>
    public long Revision => _lease.ModRevision;

    /// <summary>Its key in the store.</summary>
    public string Key => _lease.Key;

    /// <summary>Its subnets, with a comma between families.</summary>
    public override string ToString() => _lease.Subnet.ToString();
}

/// <summary>A key among the leases that is no lease: nodes skip it.</summary>
public sealed class FlannelInvalidLease
{
    internal FlannelInvalidLease(InvalidLease invalid)
        => (Key, Reason, Revision, OccupiedSubnet) = (invalid.Key, invalid.Reason, invalid.ModRevision, invalid.Occupied?.IPv4);

    /// <summary>The key, control characters escaped.</summary>
    public string Key { get; }

    /// <summary>Why it is none.</summary>
    public string Reason { get; }

    /// <summary>Store revision of its last change.</summary>
    public long Revision { get; }

    /// <summary>The subnet that flannel itself would read from the key, and that is therefore not given away; null for none.</summary>
    public IPNetwork? OccupiedSubnet { get; }

    /// <summary>Its key.</summary>
    public override string ToString() => Key;
}
