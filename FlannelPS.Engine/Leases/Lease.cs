using System.Net;

namespace FlannelPS.Engine.Leases;

/// <summary>One node's claim on one subnet, as it stands in the registry.</summary>
/// <param name="Key">The store's whole key.</param>
/// <param name="Subnet">What is claimed; from the key.</param>
/// <param name="Attributes">Who claims it, and how to reach it; from the value.</param>
/// <param name="EtcdLeaseId">The etcd lease the key dies with; 0 for a reservation.</param>
/// <param name="CreateRevision">Store revision at which the key came into being; smaller is older.</param>
/// <param name="ModRevision">Store revision of its last change; larger is newer.</param>
public sealed record Lease(string Key, Subnet Subnet, LeaseAttributes Attributes, long EtcdLeaseId, long CreateRevision, long ModRevision)
{
    /// <summary>Whether the key has no time to live: an operator pinned this subnet to this host.</summary>
    public bool IsReservation => EtcdLeaseId == 0;
}

/// <summary>A key under the leases' prefix that is no lease, and why.</summary>
/// <param name="Key">The store's whole key, control characters escaped.</param>
/// <param name="Reason">One line.</param>
/// <param name="ModRevision">Store revision of its last change.</param>
/// <param name="Occupied">The subnet the original would read from the key; not to be given away. Null for none.</param>
public sealed record InvalidLease(string Key, string Reason, long ModRevision, Subnet? Occupied);

/// <summary>The value of a lease.</summary>
/// <param name="PublicIp">The host's IPv4 address on the underlay; 0.0.0.0 for none.</param>
/// <param name="PublicIpV6">Its IPv6 address; null for none.</param>
/// <param name="BackendType">Such as <c>vxlan</c>; empty for udp and alloc.</param>
/// <param name="BackendData">The backend's own JSON, untouched; empty for none.</param>
/// <param name="BackendV6Data">The same for the IPv6 device.</param>
public sealed record LeaseAttributes(
    IPAddress PublicIp, IPAddress? PublicIpV6, string BackendType, ReadOnlyMemory<byte> BackendData, ReadOnlyMemory<byte> BackendV6Data);
