using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(LogEvents.NodeReady, LogLevel.Information, "{Summary}; {Milliseconds:F1} ms after the start")]
    public static partial void NodeReady(this ILogger logger, string summary, double milliseconds);

    [LoggerMessage(LogEvents.CannotRun, LogLevel.Error, "{Reason}")]
    public static partial void CannotRun(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.OptionNotice, LogLevel.Warning, "{Notice}")]
    public static partial void OptionNotice(this ILogger logger, string notice);

    [LoggerMessage(LogEvents.NotifyFailed, LogLevel.Warning, "Could not notify systemd at {Socket}")]
    public static partial void NotifyFailed(this ILogger logger, string socket, Exception error);

    [LoggerMessage(LogEvents.HealthListening, LogLevel.Information, "Health answers on http://{EndPoint}/healthz and /readyz")]
    public static partial void HealthListening(this ILogger logger, string endPoint);

    [LoggerMessage(LogEvents.MetricsListening, LogLevel.Information, "Metrics on http://{EndPoint}/metrics")]
    public static partial void MetricsListening(this ILogger logger, string endPoint);

    [LoggerMessage(LogEvents.ControlListening, LogLevel.Information, "Control socket at {Path}")]
    public static partial void ControlListening(this ILogger logger, string path);

    [LoggerMessage(LogEvents.ControlRefused, LogLevel.Warning, "Refused a control connection of user {UserId}, process {ProcessId}: {Reason} ({Suppressed} more since)")]
    public static partial void ControlRefused(this ILogger logger, uint userId, int processId, string reason, int suppressed);

    [LoggerMessage(LogEvents.ControlRequestFailed, LogLevel.Error, "Control request {Verb} failed")]
    public static partial void ControlRequestFailed(this ILogger logger, string verb, Exception error);

    [LoggerMessage(LogEvents.AcceptFailed, LogLevel.Warning, "Could not accept a connection on {Listener}")]
    public static partial void AcceptFailed(this ILogger logger, string listener, Exception error);

    [LoggerMessage(LogEvents.NothingHandedOver, LogLevel.Information, "No tunnel was handed over by {Path}: {Reason}")]
    public static partial void NothingHandedOver(this ILogger logger, string path, string reason);

    [LoggerMessage(LogEvents.TunnelResumed, LogLevel.Information, "Carrying on with the last tunnel and its {Peers} peers")]
    public static partial void TunnelResumed(this ILogger logger, int peers);

    [LoggerMessage(LogEvents.TunnelNotResumed, LogLevel.Information, "The last tunnel does not go on yet: {Reason}")]
    public static partial void TunnelNotResumed(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.StopRequested, LogLevel.Information, "{Signal}: stopping; devices, routes and the lease stay")]
    public static partial void StopRequested(this ILogger logger, string signal);

    [LoggerMessage(LogEvents.StopOverdue, LogLevel.Error, "Stopping took longer than {Seconds} s; ending now")]
    public static partial void StopOverdue(this ILogger logger, double seconds);
}
