using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

internal static partial class NodeLog
{
    [LoggerMessage(LogEvents.InterfaceChosen, LogLevel.Information, "Using interface {Interface} with address {Address} (MTU {Mtu}); other hosts are told {PublicIp}")]
    public static partial void InterfaceChosen(this ILogger logger, string @interface, string address, int mtu, string publicIp);

    [LoggerMessage(LogEvents.InterfaceRejected, LogLevel.Information, "Not used: {Candidate}")]
    public static partial void InterfaceRejected(this ILogger logger, string candidate);

    [LoggerMessage(LogEvents.InterfaceWarning, LogLevel.Warning, "{Warning}")]
    public static partial void InterfaceWarning(this ILogger logger, string warning);

    [LoggerMessage(LogEvents.StateFileIgnored, LogLevel.Warning, "Ignored {Path}: {Problem}")]
    public static partial void StateFileIgnored(this ILogger logger, string path, string problem);

    [LoggerMessage(LogEvents.IdentityCreated, LogLevel.Information, "Made identity {Identity}, kept in {Path}")]
    public static partial void IdentityCreated(this ILogger logger, string identity, string path);

    [LoggerMessage(LogEvents.IdentityNotSaved, LogLevel.Warning, "Could not save the identity in {Path}; it lasts for this run only")]
    public static partial void IdentityNotSaved(this ILogger logger, string path, Exception error);

    [LoggerMessage(LogEvents.UnderlayLost, LogLevel.Warning, "{Reason}. What is programmed stays")]
    public static partial void UnderlayLost(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.UnderlayFollowed, LogLevel.Information, "The way to other hosts changed: {Change}. Device, routes, lease and subnet file follow; the subnet stays")]
    public static partial void UnderlayFollowed(this ILogger logger, string change);

    [LoggerMessage(LogEvents.SavedStateUsed, LogLevel.Warning, "The store does not answer ({Reason}): starting with {Subnet} and {Peers} leases as known at {Seen:u}. Nothing is told to other nodes until it does")]
    public static partial void SavedStateUsed(this ILogger logger, string reason, Leases.Subnet subnet, int peers, DateTimeOffset seen);

    [LoggerMessage(LogEvents.SavedStateNotUsed, LogLevel.Warning, "The store does not answer, and what was saved does not serve: {Reason}. Waiting for the store")]
    public static partial void SavedStateNotUsed(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.OverlapAllowed, LogLevel.Warning, "{Overlap}; --allow-overlap lets it be")]
    public static partial void OverlapAllowed(this ILogger logger, string overlap);

    [LoggerMessage(LogEvents.HostFinding, LogLevel.Warning, "{Subject}: {Problem}. {Remedy}")]
    public static partial void HostFound(this ILogger logger, string subject, string problem, string remedy);

    [LoggerMessage(LogEvents.HostFindingGone, LogLevel.Information, "{Subject} is as it should be")]
    public static partial void HostFindingGone(this ILogger logger, string subject);

    [LoggerMessage(LogEvents.FormerDeviceRemoved, LogLevel.Information, "Removed {Device}: this network has another device now")]
    public static partial void FormerDeviceRemoved(this ILogger logger, string device);
}
