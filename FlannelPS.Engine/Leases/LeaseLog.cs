using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Leases;

internal static partial class LeaseLog
{
    [LoggerMessage(LogEvents.TooManyLeases, LogLevel.Error, "There are more than {Maximum} keys below {Prefix}: the others are not looked at. Delete what is no node's, then restart this one")]
    public static partial void TooManyLeases(this ILogger logger, int maximum, string prefix);

    [LoggerMessage(LogEvents.StoreHistoryLost, LogLevel.Warning, "The store has lost its history (restored, emptied or replaced): {Count} leases it no longer has are kept for {Seconds} s, so that their nodes can write them again")]
    public static partial void StoreHistoryLost(this ILogger logger, int count, double seconds);

    [LoggerMessage(LogEvents.InvalidLeaseSkipped, LogLevel.Warning, "Skipped {Key}: {Reason}. Delete the key, or correct it; no other lease is affected")]
    public static partial void InvalidLeaseSkipped(this ILogger logger, string key, string reason);

    [LoggerMessage(LogEvents.LeaseAcquired, LogLevel.Information, "Acquired {Subnet} ({How}), etcd lease of {Seconds} s")]
    public static partial void LeaseAcquired(this ILogger logger, Subnet subnet, string how, long seconds);

    [LoggerMessage(LogEvents.LeaseReserved, LogLevel.Information, "Lease of {Subnet} is kept by an operator's reservation: no time to live")]
    public static partial void LeaseReserved(this ILogger logger, Subnet subnet);

    [LoggerMessage(LogEvents.WaitingForLease, LogLevel.Warning, "Waiting for a lease ({Phase}): {Reason}")]
    public static partial void WaitingForLease(this ILogger logger, LeasePhase phase, string reason);

    [LoggerMessage(LogEvents.LeaseLost, LogLevel.Warning, "Lease of {Subnet} was lost ({Reason}); writing it again")]
    public static partial void LeaseLost(this ILogger logger, Subnet subnet, string reason);

    [LoggerMessage(LogEvents.LeaseReclaimed, LogLevel.Information, "Lease of {Subnet} stands again")]
    public static partial void LeaseReclaimed(this ILogger logger, Subnet subnet);

    [LoggerMessage(LogEvents.LeaseConflict, LogLevel.Error, "Lease conflict: {Reason}")]
    public static partial void LeaseConflict(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.LeaseKeptAlive, LogLevel.Debug, "Kept the lease of {Subnet} alive for {Seconds} s more")]
    public static partial void LeaseKeptAlive(this ILogger logger, Subnet subnet, long seconds);

    [LoggerMessage(LogEvents.LeaseAtRisk, LogLevel.Warning, "The lease of {Subnet} cannot be kept alive: {Reason} {Seconds} s are left")]
    public static partial void LeaseAtRisk(this ILogger logger, Subnet subnet, string reason, long seconds);

    [LoggerMessage(LogEvents.ClaimNotPermitted, LogLevel.Warning, "This user may not write {Key}: two nodes with one public IP are not told apart by it")]
    public static partial void ClaimNotPermitted(this ILogger logger, string key);

    [LoggerMessage(LogEvents.IncompatibleLeaseRemoved, LogLevel.Warning, "Removed the lease of {Subnet}, which this configuration does not give: {Network}, length {Length}")]
    public static partial void IncompatibleLeaseRemoved(this ILogger logger, Subnet subnet, string network, int length);

    [LoggerMessage(LogEvents.PreviousSubnetRefused, LogLevel.Warning, "The previous subnet {Subnet} of the subnet file cannot be used: {Reason}")]
    public static partial void PreviousSubnetRefused(this ILogger logger, Subnet subnet, string reason);

    [LoggerMessage(LogEvents.MoreLeasesSkipped, LogLevel.Warning, "{Count} more keys were skipped since the last that was named here; the control socket's leases lists them all")]
    public static partial void MoreLeasesSkipped(this ILogger logger, int count);

    [LoggerMessage(LogEvents.CloneRefused, LogLevel.Warning, "A second machine was started with the identity of this one and was refused (host '{Host}'): a cloned state folder? Remove the identity file there, and start it again")]
    public static partial void CloneRefused(this ILogger logger, string host);

    [LoggerMessage(LogEvents.ClaimAtRisk, LogLevel.Warning, "The claim {Key} cannot be kept: {Reason}")]
    public static partial void ClaimAtRisk(this ILogger logger, string key, string reason);

    [LoggerMessage(LogEvents.LeaseAnnounced, LogLevel.Information, "The lease {Subnet} tells {PublicIp} from now on")]
    public static partial void LeaseAnnounced(this ILogger logger, Subnet subnet, System.Net.IPAddress publicIp);
}
