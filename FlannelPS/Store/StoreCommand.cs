using System.Management.Automation;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>What all cmdlets share that talk to the store: how to say which, and what its failures become.</summary>
/// <remarks>Precedence: the parameters, <c>-Store</c>, the connected default, FLANNELD_ETCD_ variables, flannel's defaults.</remarks>
public abstract class StoreCommand : FlannelCommand
{
    private IStore? _opened;
    private IStore? _connection;
    private StoreTarget? _target;

    /// <summary>etcd's endpoints, or one <c>local:</c> folder.</summary>
    [Parameter]
    [Alias("EtcdEndpoint", "EtcdEndpoints", "etcd-endpoints")]
    [EndpointList]
    [ValidateNotNullOrEmpty]
    public Uri[]? Endpoint { get; set; }

    /// <summary>Where the network's keys stand.</summary>
    [Parameter]
    [Alias("EtcdPrefix", "etcd-prefix")]
    [ValidateNotNullOrEmpty]
    public string? Prefix { get; set; }

    /// <summary>User and password of etcd.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>PEM file of the authorities to trust in place of the system's.</summary>
    [Parameter]
    [Alias("EtcdCAFile", "etcd-cafile")]
    [ValidateNotNullOrEmpty]
    public string? CACertificatePath { get; set; }

    /// <summary>PEM file of the client certificate.</summary>
    [Parameter]
    [Alias("EtcdCertFile", "etcd-certfile")]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    /// <summary>PEM file of the client certificate's key.</summary>
    [Parameter]
    [Alias("EtcdKeyFile", "etcd-keyfile")]
    [ValidateNotNullOrEmpty]
    public string? KeyPath { get; set; }

    /// <summary>Take any server certificate. For tests: whoever answers at the address is believed.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>A store that Connect-FlannelStore opened.</summary>
    [Parameter]
    [ValidateNotNull]
    public FlannelStore? Store { get; set; }

    /// <summary>Seconds a call to the store may take.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 3600)]
    public virtual int TimeoutSeconds { get; set; } = 5;

    /// <summary>Seconds a call to the store may take, where -TimeoutSeconds means something else.</summary>
    private protected virtual int CallSeconds => TimeoutSeconds;

    /// <summary>How the store is reached that the parameters mean.</summary>
    private protected StoreTarget Target => _target ??= FindTarget();

    /// <summary>The network's prefix.</summary>
    private protected string NetworkPrefix => Target.Prefix;

    /// <summary>The store: the one that is open where nothing else is said of it, otherwise one of our own, opened when first asked for.</summary>
    /// <remarks>Found once, on the pipeline's thread: the session's stores are those of its runspace, which no other thread knows.</remarks>
    private protected IStore Connection
        => _connection ??= ReferenceEquals(Target.Options, Shared?.Target.Options) && Shared?.Connection is { } open ? open : _opened = Open(Target);

    /// <summary>Whether something else than a parameter names the store, so that the session's default one is not meant.</summary>
    private protected virtual bool IgnoresSession => false;

    // Who names an endpoint does not mean the session's store, nor its user.
    private FlannelStore? Shared => Store ?? (Endpoint is null && !IgnoresSession ? StoreSession.Current.Default : null);

    private bool SaysHow
        => Endpoint is not null || Credential is not null || CACertificatePath is not null || CertificatePath is not null || KeyPath is not null || SkipCertificateCheck;

    /// <summary>The value of a FLANNELD_ variable; null where it is not set.</summary>
    private protected virtual string? Variable(string name) => StoreTarget.EnvironmentVariable(name);

    /// <summary>Opens a store; nothing is sent yet.</summary>
    private protected IStore Open(StoreTarget target)
    {
        try
        {
            return Engine.Etcd.Store.Open(target.Options);
        }
        catch (ArgumentException e)
        {
            Fail(FlannelError.StoreOptionInvalid, e.Message, target.Options.ToString(), e);
            throw;
        }
    }

    /// <summary>Asks the store; its failures become terminating errors with the ids of about_FlannelPS_Errors.</summary>
    private protected T Ask<T>(Func<IStore, CancellationToken, Task<T>> call)
    {
        var store = Connection;
        try
        {
            return Await(token => call(store, token));
        }
        catch (StoreException e)
        {
            FailStore(e);
            throw;
        }
    }

    /// <summary>Asks the store for many things, written as they come.</summary>
    private protected void AskEach<T>(Func<IStore, CancellationToken, IAsyncEnumerable<T>> call, Action<T> write)
    {
        var store = Connection;
        try
        {
            WriteEach(token => call(store, token), write);
        }
        catch (StoreException e)
        {
            FailStore(e);
        }
    }

    /// <summary>Ends the cmdlet with what a failure of the store is to a user.</summary>
    private protected void FailStore(StoreException failure) => ThrowTerminatingError(Record(failure));

    /// <summary>What a failure of the store is to a user.</summary>
    private protected ErrorRecord Record(StoreException failure) => Record(failure, Target);

    /// <inheritdoc cref="Record(StoreException)"/>
    internal static ErrorRecord Record(StoreException failure, StoreTarget target)
        => (failure.Failure switch
        {
            StoreFailure.Unreachable => FlannelError.StoreUnreachable,
            StoreFailure.NoLeader => FlannelError.StoreNoLeader,
            StoreFailure.Tls => FlannelError.StoreTlsFailed,
            StoreFailure.Authentication => FlannelError.StoreAuthenticationFailed,
            StoreFailure.PermissionDenied => FlannelError.StorePermissionDenied,
            StoreFailure.ReadOnly => FlannelError.StoreReadOnly,
            _ => FlannelError.StoreRefused,
        }).Record(failure.Message, target.Options.ToString(), failure);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _opened?.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
        base.Dispose(disposing);
    }

    /// <summary>The target that parameters, variables and defaults say, without any store that is open.</summary>
    private protected StoreTarget NewTarget()
        => Checked(StoreTarget.From(
            Endpoint?.Select(EndpointText).ToArray(), Prefix, Credential, FileOf(CACertificatePath), FileOf(CertificatePath), FileOf(KeyPath), SkipCertificateCheck, CallSeconds,
            Variable));

    private StoreTarget FindTarget()
    {
        if (Store is not null && SaysHow)
            Fail(FlannelError.ParameterConflict, "-Store names an open store, and -Endpoint, -Credential or a certificate another one.", Store);
        if (Shared is not { } shared)
            return NewTarget();
        if (shared.Connection is null)
            Fail(FlannelError.StoreNotConnected, $"The store '{shared.Name}' was disconnected.", shared);
        var options = shared.Target.Options;
        if (SaysHow)
            options = StoreTarget.Over(options, Credential, FileOf(CACertificatePath), FileOf(CertificatePath), FileOf(KeyPath), SkipCertificateCheck);
        if (CallSeconds == TimeoutSeconds && MyInvocation.BoundParameters.ContainsKey(nameof(TimeoutSeconds)))
            options = StoreTarget.WithTimeout(options, TimeoutSeconds);
        return Checked(new(options, Prefix ?? shared.Prefix));
    }

    private StoreTarget Checked(StoreTarget target)
    {
        try
        {
            return target with { Prefix = new StoreKeys(target.Prefix).Prefix };
        }
        catch (ArgumentException e)
        {
            Fail(FlannelError.StoreOptionInvalid, e.Message, target.Prefix, e);
            throw;
        }
    }

    /// <summary>One value of -Endpoint; a local: folder may be relative to the session's location.</summary>
    private string EndpointText(Uri endpoint)
        => endpoint.OriginalString.Trim() is var text && text.StartsWith(StoreTarget.LocalScheme, StringComparison.Ordinal) && text.Length > StoreTarget.LocalScheme.Length
            ? StoreTarget.LocalScheme + FullPath(text[StoreTarget.LocalScheme.Length..])
            : text;

    private string? FileOf(string? path) => path is null ? null : FullPath(path);
}
