using System.Management.Automation;

namespace FlannelPS;

/// <summary>A kind of error: its id never changes, is never translated, and stands in about_FlannelPS_Errors.</summary>
/// <param name="Id">One word.</param>
/// <param name="Category">PowerShell's own class.</param>
/// <param name="Action">What to do about it.</param>
internal sealed record FlannelError(string Id, ErrorCategory Category, string Action)
{
    // ---- store
    public static readonly FlannelError StoreUnreachable = new(nameof(StoreUnreachable), ErrorCategory.ConnectionError,
        "Check the endpoints, the network between and that etcd runs; Test-FlannelStore -Detailed asks each endpoint.");
    public static readonly FlannelError StoreNoLeader = new(nameof(StoreNoLeader), ErrorCategory.ResourceUnavailable,
        "Bring the etcd cluster back to a majority of its members; Test-FlannelStore -Detailed shows which answer.");
    public static readonly FlannelError StoreTlsFailed = new(nameof(StoreTlsFailed), ErrorCategory.SecurityError,
        "Give the authority by -CACertificatePath, and where the server asks for one a client certificate by -CertificatePath and -KeyPath.");
    public static readonly FlannelError StoreAuthenticationFailed = new(nameof(StoreAuthenticationFailed), ErrorCategory.AuthenticationError,
        "Give user and password of etcd by -Credential.");
    public static readonly FlannelError StorePermissionDenied = new(nameof(StorePermissionDenied), ErrorCategory.PermissionDenied,
        "Grant the etcd user's role this right on the network's prefix, or use another user.");
    public static readonly FlannelError StoreReadOnly = new(nameof(StoreReadOnly), ErrorCategory.ResourceUnavailable,
        "Free space in etcd (compact, defragment) and clear its NOSPACE alarm.");
    public static readonly FlannelError StoreRefused = new(nameof(StoreRefused), ErrorCategory.ProtocolError,
        "Check that the endpoint is an etcd server of version 3.3 or later.");
    public static readonly FlannelError StoreOptionInvalid = new(nameof(StoreOptionInvalid), ErrorCategory.InvalidArgument,
        "Correct the option that the message names; Get-Help Connect-FlannelStore -Full tells what each takes.");
    public static readonly FlannelError StoreNotConnected = new(nameof(StoreNotConnected), ErrorCategory.ObjectNotFound,
        "Get-FlannelStore lists the stores of this session; Connect-FlannelStore opens one.");

    // ---- network configuration
    public static readonly FlannelError NetworkConfigNotFound = new(nameof(NetworkConfigNotFound), ErrorCategory.ObjectNotFound,
        "Write one with Set-FlannelNetworkConfig, or give the prefix it stands under by -Prefix.");
    public static readonly FlannelError NetworkConfigInvalid = new(nameof(NetworkConfigInvalid), ErrorCategory.InvalidData,
        "Correct what the message names; Test-FlannelNetworkConfig -Detailed shows every rule.");
    public static readonly FlannelError NetworkConfigInUse = new(nameof(NetworkConfigInUse), ErrorCategory.ResourceBusy,
        "Nodes hold leases under the present configuration. Stop them and remove their leases first, or use -Force.");
    public static readonly FlannelError NetworkConfigChanged = new(nameof(NetworkConfigChanged), ErrorCategory.ResourceBusy,
        "Read it again with Get-FlannelNetworkConfig, and repeat the change on what stands there now; -Force writes all the same.");
    public static readonly FlannelError NetworkConfigExists = new(nameof(NetworkConfigExists), ErrorCategory.ResourceExists,
        "Leave -NoClobber out to replace it.");

    // ---- leases
    public static readonly FlannelError LeaseNotFound = new(nameof(LeaseNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelLease lists the leases there are.");
    public static readonly FlannelError LeaseConflict = new(nameof(LeaseConflict), ErrorCategory.ResourceExists,
        "Look at the lease that stands there now with Get-FlannelLease, and decide which of the two is right.");
    public static readonly FlannelError LeaseChanged = new(nameof(LeaseChanged), ErrorCategory.ResourceBusy,
        "Somebody changed it in between. Read it again and repeat.");
    public static readonly FlannelError LeaseReserved = new(nameof(LeaseReserved), ErrorCategory.InvalidOperation,
        "Remove-FlannelReservation removes a reservation, or with -ConvertToLease gives it a time to live again.");
    public static readonly FlannelError ReservationNotFound = new(nameof(ReservationNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelReservation lists the reservations there are; a lease that has a time to live is removed by Remove-FlannelLease.");
    public static readonly FlannelError SubnetExhausted = new(nameof(SubnetExhausted), ErrorCategory.LimitsExceeded,
        "Remove leases of hosts that are gone, or configure a larger network.");
    public static readonly FlannelError SubnetInvalid = new(nameof(SubnetInvalid), ErrorCategory.InvalidArgument,
        "Write the subnet as its network address and length, such as 10.5.52.0/24, inside the network.");
    public static readonly FlannelError AddressInvalid = new(nameof(AddressInvalid), ErrorCategory.InvalidArgument,
        "Write the host's IPv4 address on the underlay, such as 192.0.2.11.");

    // ---- node
    public static readonly FlannelError PlatformNotSupported = new(nameof(PlatformNotSupported), ErrorCategory.NotImplemented,
        "Run this on a Linux host. The store's cmdlets (network configuration, leases, reservations) work here too.");
    public static readonly FlannelError PrivilegeRequired = new(nameof(PrivilegeRequired), ErrorCategory.PermissionDenied,
        "Run it as root, or with sudo.");
    public static readonly FlannelError NodeNotFound = new(nameof(NodeNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelNode lists the nodes of this host.");
    public static readonly FlannelError NodeAlreadyRunning = new(nameof(NodeAlreadyRunning), ErrorCategory.ResourceExists,
        "Use the running node, or stop it first with Stop-FlannelNode.");
    public static readonly FlannelError NodeNotRunning = new(nameof(NodeNotRunning), ErrorCategory.ResourceUnavailable,
        "Start it with Start-FlannelNode.");
    public static readonly FlannelError NodeInSession = new(nameof(NodeInSession), ErrorCategory.InvalidOperation,
        "End it in that session (Ctrl+C, or Stop-Job), and start it there again.");
    public static readonly FlannelError NodeStartFailed = new(nameof(NodeStartFailed), ErrorCategory.OperationStopped,
        "Remove the reason the message gives and start it again; Get-FlannelLog has the daemon's own lines.");
    public static readonly FlannelError NodeStartTimeout = new(nameof(NodeStartTimeout), ErrorCategory.OperationTimeout,
        "Remove the reason the message gives; the node goes on trying, and Wait-FlannelNode waits on. Stop-FlannelNode ends it.");
    public static readonly FlannelError NodeStopTimeout = new(nameof(NodeStopTimeout), ErrorCategory.OperationTimeout,
        "Repeat with -Force, which ends the process.");
    public static readonly FlannelError NodeAnswerInvalid = new(nameof(NodeAnswerInvalid), ErrorCategory.InvalidData,
        "What listens there is no flannelpsd, or of another version. Restart the node with the module's own.");
    public static readonly FlannelError NodeNotResponding = new(nameof(NodeNotResponding), ErrorCategory.OperationTimeout,
        "Repeat it; if the node stays silent, Stop-FlannelNode -Force ends its process, and its traffic goes on.");
    public static readonly FlannelError NodeOptionInvalid = new(nameof(NodeOptionInvalid), ErrorCategory.InvalidArgument,
        "Correct the option that the message names; Get-Help Start-FlannelNode -Full tells what each takes.");
    public static readonly FlannelError NativeHostUnusable = new(nameof(NativeHostUnusable), ErrorCategory.NotInstalled,
        "Use -Wait or -AsJob, which need no native program, or install the module's package for this machine again.");
    public static readonly FlannelError KernelFeatureMissing = new(nameof(KernelFeatureMissing), ErrorCategory.NotInstalled,
        "Load the module that the message names, or choose a backend that does not need it.");
    public static readonly FlannelError KernelRefused = new(nameof(KernelRefused), ErrorCategory.InvalidResult,
        "The message has the kernel's own reason; Repair-FlannelNode tries again.");
    public static readonly FlannelError RouteNotFound = new(nameof(RouteNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelRoute lists the routes there are; Get-FlannelPeer says why a peer has none.");
    public static readonly FlannelError InterfaceNotFound = new(nameof(InterfaceNotFound), ErrorCategory.ObjectNotFound,
        "Find-FlannelInterface lists the interfaces and says why each fits or not.");

    public static readonly FlannelError CheckNotFound = new(nameof(CheckNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelCheck lists the checks there are.");

    public static readonly FlannelError ComputerUnreachable = new(nameof(ComputerUnreachable), ErrorCategory.ConnectionError,
        "Check that PowerShell remoting over SSH is set up: ssh to it without a password works from here, and its sshd_config has PowerShell as a subsystem. about_FlannelPS_Checks shows how.");
    public static readonly FlannelError ComputerCheckFailed = new(nameof(ComputerCheckFailed), ErrorCategory.InvalidResult,
        "Remove the reason the message gives; FlannelPS must be installed there for all users, in a version that has these checks.");

    // ---- files, services, waiting
    public static readonly FlannelError FileNotFound = new(nameof(FileNotFound), ErrorCategory.ObjectNotFound,
        "Check the path.");
    public static readonly FlannelError FileExists = new(nameof(FileExists), ErrorCategory.ResourceExists,
        "Leave -NoClobber out to replace it, or give another path.");
    public static readonly FlannelError FileUnsafe = new(nameof(FileUnsafe), ErrorCategory.SecurityError,
        "Give the path of a plain file in a folder that only its owner can write to; symbolic links are not followed.");
    public static readonly FlannelError FileNotWritten = new(nameof(FileNotWritten), ErrorCategory.WriteError,
        "Check free space, the mode of the folder and whether the file system is read-only.");
    public static readonly FlannelError FileInvalid = new(nameof(FileInvalid), ErrorCategory.InvalidData,
        "Check that it is the file you mean; the message says what is wrong with it.");
    public static readonly FlannelError ServiceManagerMissing = new(nameof(ServiceManagerMissing), ErrorCategory.NotInstalled,
        "This host does not run systemd. Use Start-FlannelNode, or Export-FlannelServiceUnit for another host.");
    public static readonly FlannelError ServiceNotFound = new(nameof(ServiceNotFound), ErrorCategory.ObjectNotFound,
        "Get-FlannelService lists the services of this host; Register-FlannelService makes one.");
    public static readonly FlannelError ServiceFailed = new(nameof(ServiceFailed), ErrorCategory.OperationStopped,
        "The message has systemd's own reason; Get-FlannelLog has the daemon's lines.");
    public static readonly FlannelError CniConfigInvalid = new(nameof(CniConfigInvalid), ErrorCategory.InvalidArgument,
        "Correct what the message names; Get-Help New-FlannelCniConfig -Full tells what each part takes.");
    public static readonly FlannelError RouteConflict = new(nameof(RouteConflict), ErrorCategory.ResourceExists,
        "Get-FlannelRoute shows the routes and whose they are. Remove the one to this host's own subnet.");
    public static readonly FlannelError HealthUnreachable = new(nameof(HealthUnreachable), ErrorCategory.ConnectionError,
        "Check the address, and that the node was started with -HealthzPort.");
    public static readonly FlannelError WaitTimeout = new(nameof(WaitTimeout), ErrorCategory.OperationTimeout,
        "Wait longer with -TimeoutSeconds, or look at what the message says it waited for.");
    public static readonly FlannelError InputObjectInvalid = new(nameof(InputObjectInvalid), ErrorCategory.InvalidArgument,
        "Give what Get-FlannelNode, Get-FlannelPeer, Get-FlannelEvent and Get-FlannelLease write.");
    public static readonly FlannelError ParameterConflict = new(nameof(ParameterConflict), ErrorCategory.InvalidArgument,
        "Give the one or the other.");

    /// <summary>The exception alone, for what PowerShell calls while it binds parameters.</summary>
    /// <param name="message">What and why, one line.</param>
    /// <param name="inner">What was caught.</param>
    public FlannelException Exception(string message, Exception? inner = null) => new(Id, message, Action, inner);

    /// <summary>The record a cmdlet writes or throws.</summary>
    /// <param name="message">What and why, one line.</param>
    /// <param name="target">The object it is about.</param>
    /// <param name="inner">What was caught.</param>
    public ErrorRecord Record(string message, object? target, Exception? inner = null)
        => new(Exception(message, inner), Id, Category, target)
        {
            ErrorDetails = new ErrorDetails(message) { RecommendedAction = Action },
        };
}
