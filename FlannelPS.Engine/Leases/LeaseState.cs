namespace FlannelPS.Engine.Leases;

/// <summary>How it stands with our own lease.</summary>
public enum LeasePhase
{
    /// <summary>None yet; being sought.</summary>
    Acquiring,

    /// <summary>The network has no subnet left; waiting for one.</summary>
    NoSubnet,

    /// <summary>Another live instance may hold what we would take; waiting until that is known.</summary>
    Waiting,

    /// <summary>Ours.</summary>
    Held,

    /// <summary>Ours when last seen, but the store does not answer.</summary>
    StoreUnreachable,

    /// <summary>Deleted or expired; the same subnet is being written again.</summary>
    Lost,

    /// <summary>Somebody else has it. Nothing is written until an operator acts.</summary>
    Conflict,
}

/// <summary>How it stands with our own lease, and why.</summary>
/// <param name="Phase">The state.</param>
/// <param name="Reason">One line; empty when all is well.</param>
/// <param name="Held">The lease, as long as one was ours; null before.</param>
/// <param name="Expires">When the store lets it go if nothing more is heard of us; null for a reservation.</param>
public sealed record LeaseState(LeasePhase Phase, string Reason, HeldLease? Held, DateTimeOffset? Expires);

/// <summary>A lease of ours as it stands in the store.</summary>
/// <param name="Key">The store's whole key.</param>
/// <param name="Subnet">What it gives us.</param>
/// <param name="Value">The value's bytes, as we wrote them.</param>
/// <param name="EtcdLeaseId">What it lives by; 0 for a reservation.</param>
/// <param name="ModRevision">The revision of our last write: the guard of the next one.</param>
public sealed record HeldLease(string Key, Subnet Subnet, ReadOnlyMemory<byte> Value, long EtcdLeaseId, long ModRevision)
{
    /// <summary>Whether the key has no time to live.</summary>
    public bool IsReservation => EtcdLeaseId == 0;
}

/// <summary>What our own lease is made from.</summary>
/// <param name="identity">This instance, over restarts and changes of address.</param>
/// <param name="nonce">Drawn for this run.</param>
/// <param name="previousNonces">Of the runs before, if they were in this place since the machine booted: a claim with one is very likely a dead one of ours.</param>
/// <param name="previous">The subnet of the subnet file, if there was one.</param>
/// <param name="saved">The lease of the last run, if it was saved.</param>
public sealed class LeaseRequest(string identity, string nonce, IReadOnlyCollection<string> previousNonces, Subnet? previous, HeldLease? saved)
{
    /// <summary>This instance, over restarts and changes of address.</summary>
    public string Identity { get; } = identity;

    /// <summary>Drawn for this run.</summary>
    public string Nonce { get; } = nonce;

    /// <summary>Whether a nonce is that of a run before, in this place and since the machine booted.</summary>
    public bool WasOurs(string otherNonce) => previousNonces.Contains(otherNonce);

    /// <summary>The subnet of the subnet file, if there was one.</summary>
    public Subnet? Previous { get; } = previous;

    /// <summary>The lease of the last run, if it was saved.</summary>
    public HeldLease? Saved { get; } = saved;

    /// <summary>The subnet that workloads have already, by saved state: no other is taken in its place (F03, F23). Null where none is in use.</summary>
    public Subnet? InUse { get; set; }

    /// <summary>What the lease shall say; set once device and interface are known.</summary>
    public LeaseAttributes Attributes { get; set; } = new(System.Net.IPAddress.Any, null, "", default, default);
}

/// <summary>How leases are taken and kept.</summary>
/// <param name="TtlSeconds">Time to live of the etcd lease, seconds.</param>
/// <param name="RenewMargin">At the latest this long before its end a lease is renewed.</param>
public sealed record LeaseSettings(long TtlSeconds, TimeSpan RenewMargin)
{
    /// <summary>How long after one renewal the next is due: a third of the life, or earlier where the margin asks for it; the margin counts for at most half of the life.</summary>
    public TimeSpan RenewAfter
    {
        get
        {
            var life = TimeSpan.FromSeconds(TtlSeconds);
            var margin = RenewMargin < life / 2 ? RenewMargin : life / 2;
            return life / 3 < life - margin ? life / 3 : life - margin;
        }
    }
}
