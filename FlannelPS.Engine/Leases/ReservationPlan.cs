namespace FlannelPS.Engine.Leases;

/// <summary>What a reservation comes to.</summary>
internal enum ReservationOutcome
{
    /// <summary>Its key is to be created.</summary>
    Create,

    /// <summary>The host has a lease on the subnet, which is to be pinned.</summary>
    Pin,

    /// <summary>It stands already.</summary>
    Stands,

    /// <summary>Somebody else has the subnet, or a part of it.</summary>
    Taken,

    /// <summary>The network does not give such a subnet.</summary>
    NotInNetwork,

    /// <summary>Nobody has the subnet, and no host was named.</summary>
    NoHost,

    /// <summary>There is no network configuration.</summary>
    NoConfig,

    /// <summary>The network configuration is not usable.</summary>
    BadConfig,
}

/// <summary>What is to be done for a reservation, decided from one look at the store.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Reason">Why it cannot be done, one line; empty where it can.</param>
/// <param name="Key">The reservation's key.</param>
/// <param name="Lease">What stands under the key already.</param>
/// <param name="OtherOfHost">Another lease of the same host, which its node goes on using while it stands.</param>
/// <param name="Revision">Store revision of the look.</param>
internal sealed record ReservationPlan(ReservationOutcome Outcome, string Reason, string Key, Lease? Lease, Lease? OtherOfHost, long Revision);
