using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Etcd;

/// <summary>Log lines of the etcd client; event ids 100 to 199.</summary>
internal static partial class EtcdLog
{
    [LoggerMessage(LogEvents.CertificatesNotReloaded, LogLevel.Warning, "Certificates were not read again, going on with the last good ones: {Reason}")]
    public static partial void CertificatesNotReloaded(this ILogger logger, string reason);

    [LoggerMessage(LogEvents.EndpointChosen, LogLevel.Information, "etcd at {Endpoint} answers; it is used from now on")]
    public static partial void EndpointChosen(this ILogger logger, string endpoint);

    [LoggerMessage(LogEvents.TryingOn, LogLevel.Debug, "{Operation} at {Endpoint} failed, trying on: {Reason}")]
    public static partial void TryingOn(this ILogger logger, string operation, string endpoint, string reason);

    [LoggerMessage(LogEvents.AuthenticationIsOff, LogLevel.Information, "A user is given, but etcd has authentication switched off; going on without")]
    public static partial void AuthenticationIsOff(this ILogger logger);
}
