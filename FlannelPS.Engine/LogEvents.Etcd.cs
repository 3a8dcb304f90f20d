namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int CertificatesNotReloaded = 1000;
    public const int EndpointChosen = 1001;
    public const int TryingOn = 1002;
    public const int AuthenticationIsOff = 1003;
    public const int NotListening = 1010;
    public const int NotCompacted = 1011;
}
