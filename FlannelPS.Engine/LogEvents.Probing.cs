namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int PeerNotReached = 11000;
    public const int PeerReached = 11001;
    public const int NotProbing = 11002;
}
