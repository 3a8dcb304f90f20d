namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int DeviceMade = 4001;
    public const int DeviceReplaced = 4002;
    public const int DeviceCorrected = 4003;
    public const int PeersProgrammed = 4004;
    public const int Repaired = 4005;
    public const int ObjectRefused = 4006;
    public const int ObjectContested = 4007;
    public const int PeerRefused = 4008;
    public const int RoundFailed = 4009;
    public const int NotificationsLost = 4010;
    public const int PeerAdded = 4011;
    public const int PeerRemoved = 4012;
    public const int MorePeersRefused = 4013;
    public const int DeviceMoved = 4020;
}
