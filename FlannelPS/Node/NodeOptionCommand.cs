using System.Globalization;
using System.Management.Automation;
using System.Net;

namespace FlannelPS;

/// <summary>The options of a node: flanneld's flags under PowerShell names, with the flags' own names as aliases.</summary>
/// <remarks>What is not given comes from the file of <see cref="ConfigPath"/>, then from FLANNELD_ variables, then from flannel's defaults.</remarks>
public abstract class NodeOptionCommand : StoreCommand
{
    /// <summary>Interfaces, by name or address, for the traffic to other hosts; the first that fits is taken.</summary>
    [Parameter]
    [Alias("iface")]
    [ArgumentCompleter(typeof(InterfaceCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Interface { get; set; }

    /// <summary>The same by regular expressions over addresses, then names.</summary>
    [Parameter]
    [Alias("iface-regex")]
    [ValidateNotNullOrEmpty]
    public string[]? InterfaceRegex { get; set; }

    /// <summary>The interface by which the kernel reaches this address.</summary>
    [Parameter]
    [Alias("iface-can-reach")]
    [ValidateNotNull]
    public IPAddress? InterfaceCanReach { get; set; }

    /// <summary>IPv4 address that is told to other hosts, behind NAT for instance.</summary>
    [Parameter]
    [Alias("public-ip")]
    [ValidateNotNull]
    public IPAddress? PublicIP { get; set; }

    /// <summary>IPv6 address that is told to other hosts.</summary>
    [Parameter]
    [Alias("public-ipv6")]
    [ValidateNotNull]
    public IPAddress? PublicIPv6 { get; set; }

    /// <summary>Where subnet, MTU and network are written for others to read.</summary>
    [Parameter]
    [Alias("subnet-file")]
    [ValidateNotNullOrEmpty]
    public string? SubnetFile { get; set; }

    /// <summary>Masquerade traffic that leaves the network.</summary>
    [Parameter]
    [Alias("IpMasq", "ip-masq")]
    public SwitchParameter IPMasquerade { get; set; }

    /// <summary>Masquerade without <c>--random-fully</c>.</summary>
    [Parameter]
    [Alias("ip-masq-fully-random-disable")]
    public SwitchParameter NoRandomFully { get; set; }

    /// <summary>Whether forwarded traffic of the network is accepted in the firewall.</summary>
    [Parameter]
    [Alias("iptables-forward-rules")]
    public bool? ForwardRules { get; set; }

    /// <summary>Networks with which addresses are kept although the node masquerades, in both directions.</summary>
    [Parameter]
    [Alias("no-masq-prefix")]
    [ValidateNotNullOrEmpty]
    public string[]? NoMasqueradePrefix { get; set; }

    /// <summary>Whether the tunnel takes packets from hosts with a lease alone.</summary>
    [Parameter]
    [Alias("strict-peers")]
    public bool? StrictPeers { get; set; }

    /// <summary>Whether each peer is asked every few seconds, through the tunnel, whether it is reachable.</summary>
    [Parameter]
    public bool? Probe { get; set; }

    /// <summary>Seconds between two looks at the firewall.</summary>
    [Parameter]
    [Alias("iptables-resync")]
    [ValidateRange(1, 86_400)]
    public int? FirewallResyncSeconds { get; set; }

    /// <summary>A blackhole route for the own subnet.</summary>
    [Parameter]
    [Alias("ip-blackhole-route")]
    public SwitchParameter BlackholeRoute { get; set; }

    /// <summary>Start although the network overlaps this host's own addresses or routes.</summary>
    [Parameter]
    [Alias("allow-overlap")]
    public SwitchParameter AllowOverlap { get; set; }

    /// <summary>Transmit checksums of the vxlan device: <c>auto</c> (as the kernel has it), <c>on</c>, or <c>off</c> where a NAT or a card on the way spoils them.</summary>
    [Parameter]
    [Alias("tx-checksum-offload")]
    [ValidateSet("auto", "on", "off")]
    public string? TxChecksumOffload { get; set; }

    /// <summary>Seconds a lease outlives its host.</summary>
    [Parameter]
    [Alias("subnet-lease-ttl")]
    [ValidateRange(5, 9_000_000)]
    public int? LeaseTtlSeconds { get; set; }

    /// <summary>Minutes before its end at which a lease is renewed at the latest.</summary>
    [Parameter]
    [Alias("subnet-lease-renew-margin")]
    [ValidateRange(1, 1439)]
    public int? LeaseRenewMargin { get; set; }

    /// <summary>Where <c>/healthz</c> and <c>/readyz</c> listen.</summary>
    [Parameter]
    [Alias("healthz-ip")]
    [ValidateNotNull]
    public IPAddress? HealthzIP { get; set; }

    /// <summary>Their port; 0 for none.</summary>
    [Parameter]
    [Alias("healthz-port")]
    [ValidateRange(0, 65_535)]
    public int? HealthzPort { get; set; }

    /// <summary>The port of this host's loopback that tells <c>/metrics</c>; 0 for none.</summary>
    [Parameter]
    [Alias("metrics-port")]
    [ValidateRange(0, 65_535)]
    public int? MetricsPort { get; set; }

    /// <summary>The group that may read from the control socket.</summary>
    [Parameter]
    [Alias("socket-group")]
    [ValidateNotNullOrEmpty]
    public string? SocketGroup { get; set; }

    /// <summary>Details in the log: 0 for none, 1 for some, 4 for all.</summary>
    [Parameter]
    [Alias("v")]
    [ValidateRange(0, 10)]
    public int? LogLevel { get; set; }

    /// <summary>A file of FLANNELD_ variables, as systemd reads it (<c>EnvironmentFile</c>).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConfigPath { get; set; }

    /// <summary>What the file of <see cref="ConfigPath"/> sets; nothing without one.</summary>
    private protected IReadOnlyDictionary<string, string> ConfigVariables { get; private set; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (ConfigPath is not null)
            ConfigVariables = ReadConfig(FullPath(ConfigPath));
    }

    /// <inheritdoc/>
    private protected override string? Variable(string name)
        => ConfigVariables.TryGetValue(name, out var value) ? value : base.Variable(name);

    /// <summary>A file that names the store comes before the session's default one.</summary>
    private protected override bool IgnoresSession => ConfigVariables.ContainsKey("FLANNELD_ETCD_ENDPOINTS");

    /// <summary>The node's settings as FLANNELD_ variables: those of the parameters, over those of the file. The store's are among them, secrets too.</summary>
    private protected Dictionary<string, string> NodeVariables()
    {
        var variables = new Dictionary<string, string>(ConfigVariables);
        var store = Target;
        Set("ETCD_ENDPOINTS", string.Join(',', store.Options.Endpoints));
        Set("ETCD_PREFIX", store.Prefix);
        Set("ETCD_CAFILE", store.Options.CaFile);
        Set("ETCD_CERTFILE", store.Options.CertFile);
        Set("ETCD_KEYFILE", store.Options.KeyFile);
        Set("ETCD_USERNAME", store.Options.Username);
        Set("ETCD_PASSWORD", store.Options.Password);
        Given("PUBLIC_IP", PublicIP);
        Given("PUBLIC_IPV6", PublicIPv6);
        Given("IFACE_CAN_REACH", InterfaceCanReach);
        Given("SUBNET_FILE", SubnetFile is null ? null : FullPath(SubnetFile));
        Switched(nameof(IPMasquerade), "IP_MASQ", IPMasquerade);
        Switched(nameof(NoRandomFully), "IP_MASQ_FULLY_RANDOM_DISABLE", NoRandomFully);
        Switched(nameof(BlackholeRoute), "IP_BLACKHOLE_ROUTE", BlackholeRoute);
        Given("IPTABLES_FORWARD_RULES", Word(ForwardRules));
        Given("STRICT_PEERS", Word(StrictPeers));
        Given("PROBE", Word(Probe));
        Given("NO_MASQ_PREFIX", NoMasqueradePrefix is null ? null : string.Join(',', NoMasqueradePrefix));
        Switched(nameof(AllowOverlap), "ALLOW_OVERLAP", AllowOverlap);
        Given("TX_CHECKSUM_OFFLOAD", TxChecksumOffload?.ToLowerInvariant());
        Given("IPTABLES_RESYNC", FirewallResyncSeconds);
        Given("SUBNET_LEASE_TTL", LeaseTtlSeconds);
        Given("SUBNET_LEASE_RENEW_MARGIN", LeaseRenewMargin);
        Given("HEALTHZ_IP", HealthzIP);
        Given("HEALTHZ_PORT", HealthzPort);
        Given("METRICS_PORT", MetricsPort);
        Given("SOCKET_GROUP", SocketGroup);
        Given("V", LogLevel);
        return variables;

        void Set(string name, string? value)
        {
            variables.Remove("FLANNELD_" + name);
            Given(name, value);
        }

        void Given(string name, object? value)
        {
            if (value is not null)
                variables["FLANNELD_" + name] = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        }

        static string? Word(bool? value) => value switch { true => "true", false => "false", null => null };

        void Switched(string parameter, string name, SwitchParameter value)
        {
            if (MyInvocation.BoundParameters.ContainsKey(parameter))
                Given(name, value ? "true" : "false");
        }
    }

    /// <summary>The settings that can be given several times, as flags: a variable has only one value.</summary>
    private protected IEnumerable<string> RepeatableFlags()
        => (Interface ?? []).Select(item => "--iface=" + item).Concat((InterfaceRegex ?? []).Select(item => "--iface-regex=" + item));

    private Dictionary<string, string> ReadConfig(string path)
    {
        try
        {
            return EnvironmentFile.Read(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            Fail(FlannelError.FileNotFound, $"{path}: there is no such file.", path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            Fail(FlannelError.FileInvalid, $"{path}: {e.Message}", path, e);
        }
        return [];
    }
}
