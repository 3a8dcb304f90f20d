namespace FlannelPS.Engine;

/// <summary>The ids of all log lines, a block per folder. An id is never given twice, nor again after its line has gone.</summary>
/// <remarks>
/// Etcd 1000, Leases 2000, Backends 3000, Reconcile 4000, Netlink 5000, Firewall 6000, DataPath 7000, Kernel 8000, Node 9000, Hosting 10000, Probing 11000.
/// The class is partial only so that a folder with many lines may keep its block in a file of its own, <c>LogEvents.Folder.cs</c>, beside this one.
/// </remarks>
internal static partial class LogEvents
{
    // Node: 9000 ..
    public const int InterfaceChosen = 9000;
    public const int InterfaceRejected = 9001;
    public const int InterfaceWarning = 9002;
    public const int StateFileIgnored = 9010;
    public const int IdentityCreated = 9011;
    public const int IdentityNotSaved = 9012;

    // Hosting: 10000 ..
    public const int OptionNotice = 10000;
    public const int NodeReady = 10001;
    public const int CannotRun = 10002;
    public const int NotifyFailed = 10010;
    public const int HealthListening = 10020;
    public const int MetricsListening = 10021;
    public const int ControlListening = 10030;
    public const int ControlRefused = 10031;
    public const int ControlRequestFailed = 10032;
    public const int AcceptFailed = 10040;
    public const int NothingHandedOver = 10060;
    public const int TunnelResumed = 10061;
    public const int TunnelNotResumed = 10062;
    public const int StopRequested = 10050;
    public const int StopOverdue = 10051;
}
