using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Probing;

internal static partial class ProbingLog
{
    [LoggerMessage(LogEvents.PeerNotReached, LogLevel.Warning, "Peer {Subnet} is {State}: {Reason} ({More} more of the last minute were not logged)")]
    public static partial void PeerNotReached(this ILogger logger, string subnet, ReachState state, string reason, int more);

    [LoggerMessage(LogEvents.PeerReached, LogLevel.Information, "Peer {Subnet} is reachable again, after {State} ({More} more of the last minute were not logged)")]
    public static partial void PeerReached(this ILogger logger, string subnet, ReachState state, int more);

    [LoggerMessage(LogEvents.NotProbing, LogLevel.Warning, "Peers are not probed: {Reason}. Everything else works without")]
    public static partial void NotProbing(this ILogger logger, string reason);
}
