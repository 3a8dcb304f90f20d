using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Firewall;

internal static partial class FirewallLog
{
    [LoggerMessage(LogEvents.FirewallStands, LogLevel.Information, "The firewall's rules stand, in {Implementation}")]
    public static partial void FirewallStands(this ILogger logger, string implementation);

    [LoggerMessage(LogEvents.FirewallRepaired, LogLevel.Warning, "Put the firewall's rules back after somebody else had changed them ({Suppressed} times more since this was last said)")]
    public static partial void FirewallRepaired(this ILogger logger, int suppressed);

    [LoggerMessage(LogEvents.FirewallFailed, LogLevel.Warning, "The firewall's rules could not be put: {Reason}. It is tried again, and holds up nothing else")]
    public static partial void FirewallFailed(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.FirewallMissing, LogLevel.Warning, "The firewall lacks something: {Reason}")]
    public static partial void FirewallMissing(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.FirewallContested, LogLevel.Warning, "Somebody undoes the firewall's rules again and again; they are put back once a second. Find out who: 'nft monitor' shows it")]
    public static partial void FirewallContested(this ILogger logger);

    [LoggerMessage(LogEvents.FirewallTakenOver, LogLevel.Information, "Removed the firewall rules that flanneld had left for this network")]
    public static partial void FirewallTakenOver(this ILogger logger);

    [LoggerMessage(LogEvents.FirewallNotTold, LogLevel.Information, "The kernel does not tell of changes to the firewall ({Reason}); it is looked at every {Seconds} s")]
    public static partial void FirewallNotTold(this ILogger logger, string reason, double seconds);
}
