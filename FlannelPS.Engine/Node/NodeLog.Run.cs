using System.Net;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

internal static partial class NodeLog
{
    [LoggerMessage(LogEvents.ConfigFound, LogLevel.Information, "Network configuration: {Network}, backend {Backend}")]
    public static partial void ConfigFound(this ILogger logger, string network, string backend);

    [LoggerMessage(LogEvents.Waiting, LogLevel.Warning, "Waiting ({Phase}): {Reason}")]
    public static partial void Waiting(this ILogger logger, NodePhase phase, string reason);

    [LoggerMessage(LogEvents.ConfigChanged, LogLevel.Warning, "{Notice}")]
    public static partial void ConfigChanged(this ILogger logger, string notice);

    [LoggerMessage(LogEvents.SubnetFileWritten, LogLevel.Information, "Wrote {Path}")]
    public static partial void SubnetFileWritten(this ILogger logger, string path);

    [LoggerMessage(LogEvents.SubnetFileNotWritten, LogLevel.Error, "The subnet file is not written: {Reason}. It is tried again each second; the data path is not affected")]
    public static partial void SubnetFileNotWritten(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.SubnetFileNotRead, LogLevel.Warning, "The previous subnet file is not read: {Reason}")]
    public static partial void SubnetFileNotRead(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.StateNotSaved, LogLevel.Warning, "Could not save {What}: {Reason}. The node runs on; its next start knows less")]
    public static partial void StateNotSaved(this ILogger logger, string what, string reason);

    [LoggerMessage(LogEvents.StoreLost, LogLevel.Warning, "The store is not followed: {Reason} What is programmed stays")]
    public static partial void StoreLost(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.LoopFailed, LogLevel.Error, "A part of the daemon failed, which is a defect, and is started again: {Loop} ({Kind})")]
    public static partial void LoopFailed(this ILogger logger, string loop, string kind, Exception error);

    [LoggerMessage(LogEvents.StoreFound, LogLevel.Information, "The store is followed again")]
    public static partial void StoreFound(this ILogger logger);
}
