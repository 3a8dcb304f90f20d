using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Reconcile;

internal static partial class ReconcileLog
{
    [LoggerMessage(LogEvents.MorePeersRefused, LogLevel.Warning, "{Count} more peers are not used; the control socket's verb peers names each with its reason")]
    public static partial void MorePeersRefused(this ILogger logger, int count);

    [LoggerMessage(LogEvents.DeviceMade, LogLevel.Information, "Made {Device}, MTU {Mtu}, MAC {Mac}")]
    public static partial void DeviceMade(this ILogger logger, string device, int mtu, MacAddress mac);

    [LoggerMessage(LogEvents.DeviceReplaced, LogLevel.Warning, "{Device} has {Difference}; making it anew")]
    public static partial void DeviceReplaced(this ILogger logger, string device, string difference);

    [LoggerMessage(LogEvents.DeviceMoved, LogLevel.Information, "{Device} has {Difference}; moved with all that stands on it")]
    public static partial void DeviceMoved(this ILogger logger, string device, string difference);

    [LoggerMessage(LogEvents.DeviceCorrected, LogLevel.Information, "{Device}: {Property} {Was} corrected to {Is}")]
    public static partial void DeviceCorrected(this ILogger logger, string device, string property, string was, string @is);

    [LoggerMessage(LogEvents.PeersProgrammed, LogLevel.Information, "Peers: {Peers} programmed ({Put} objects put, {Deleted} deleted, in {Milliseconds} ms)")]
    public static partial void PeersProgrammed(this ILogger logger, int peers, int put, int deleted, double milliseconds);

    [LoggerMessage(LogEvents.Repaired, LogLevel.Warning, "Repaired {Count} objects that somebody else had changed, such as {Example}")]
    public static partial void Repaired(this ILogger logger, int count, string example);

    [LoggerMessage(LogEvents.ObjectRefused, LogLevel.Warning, "Not programmed: {Operation}. It is tried again, and holds up nothing else")]
    public static partial void ObjectRefused(this ILogger logger, string operation);

    [LoggerMessage(LogEvents.ObjectContested, LogLevel.Warning, "{Object} is contested: somebody else puts theirs back each time. It is left to them until theirs goes")]
    public static partial void ObjectContested(this ILogger logger, string @object);

    [LoggerMessage(LogEvents.PeerRefused, LogLevel.Warning, "Peer {Subnet} of {PublicIp} is not used: {Reason}")]
    public static partial void PeerRefused(this ILogger logger, Leases.Subnet subnet, System.Net.IPAddress publicIp, string reason);

    [LoggerMessage(LogEvents.RoundFailed, LogLevel.Error, "The round failed: {Reason}; trying again in {Seconds} s")]
    public static partial void RoundFailed(this ILogger logger, string reason, double seconds);

    [LoggerMessage(LogEvents.NotificationsLost, LogLevel.Debug, "Kernel notifications were lost: reading everything again")]
    public static partial void NotificationsLost(this ILogger logger);

    [LoggerMessage(LogEvents.PeerAdded, LogLevel.Information, "Peer {Subnet} of {PublicIp} added")]
    public static partial void PeerAdded(this ILogger logger, Leases.Subnet subnet, System.Net.IPAddress publicIp);

    [LoggerMessage(LogEvents.PeerRemoved, LogLevel.Information, "Peer {Subnet} removed")]
    public static partial void PeerRemoved(this ILogger logger, Leases.Subnet subnet);
}
