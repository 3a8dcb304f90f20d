namespace FlannelPS.Engine;

internal static partial class LogEvents
{
    public const int StoreHistoryLost = 2001;
    public const int InvalidLeaseSkipped = 2002;
    public const int LeaseAcquired = 2003;
    public const int LeaseReserved = 2004;
    public const int WaitingForLease = 2005;
    public const int LeaseLost = 2006;
    public const int LeaseReclaimed = 2007;
    public const int LeaseConflict = 2008;
    public const int LeaseKeptAlive = 2009;
    public const int LeaseAtRisk = 2010;
    public const int ClaimNotPermitted = 2011;
    public const int IncompatibleLeaseRemoved = 2012;
    public const int PreviousSubnetRefused = 2013;
    public const int ClaimAtRisk = 2014;
    public const int CloneRefused = 2016;
    public const int MoreLeasesSkipped = 2017;
    public const int TooManyLeases = 2015;
    public const int LeaseAnnounced = 2018;
}
