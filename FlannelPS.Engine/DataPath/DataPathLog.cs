using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.DataPath;

internal static partial class DataPathLog
{
    [LoggerMessage(LogEvents.TunnelRuns, LogLevel.Information, "Tunnel {Device} by UDP port {Port} of {Address}: {Features}")]
    public static partial void TunnelRuns(this ILogger logger, string device, string address, int port, string features);

    [LoggerMessage(LogEvents.TunnelEnded, LogLevel.Warning, "The {Direction} thread ended: {Reason}. The tunnel is made again")]
    public static partial void TunnelEnded(this ILogger logger, string direction, string reason);

    [LoggerMessage(LogEvents.SegmentsRefused, LogLevel.Warning, "The way to the peers has no checksum offload, so the kernel cuts no long messages: packets go one by one, which costs more")]
    public static partial void SegmentsRefused(this ILogger logger);
}
