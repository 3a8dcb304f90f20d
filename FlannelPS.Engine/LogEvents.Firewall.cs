namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int FirewallStands = 6000;
    public const int FirewallRepaired = 6001;
    public const int FirewallFailed = 6002;
    public const int FirewallMissing = 6003;
    public const int FirewallContested = 6004;
    public const int FirewallTakenOver = 6005;
    public const int FirewallNotTold = 6006;
}
