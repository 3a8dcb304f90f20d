namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int TunnelRuns = 7000;
    public const int TunnelEnded = 7001;
    public const int SegmentsRefused = 7002;
}
