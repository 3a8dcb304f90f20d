namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int ConfigFound = 9020;
    public const int Waiting = 9021;
    public const int ConfigChanged = 9022;
    public const int SubnetFileWritten = 9030;
    public const int SubnetFileNotWritten = 9031;
    public const int SubnetFileNotRead = 9032;
    public const int StateNotSaved = 9033;
    public const int StoreLost = 9040;
    public const int StoreFound = 9041;
    public const int LoopFailed = 9050;
    public const int UnderlayLost = 9060;
    public const int UnderlayFollowed = 9061;
    public const int SavedStateUsed = 9070;
    public const int SavedStateNotUsed = 9071;
    public const int OverlapAllowed = 9080;
    public const int HostFinding = 9081;
    public const int HostFindingGone = 9082;
    public const int FormerDeviceRemoved = 9090;
}
