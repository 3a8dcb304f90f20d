using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>All flags, in the groups of the help text. Names, defaults and meanings of the first groups are the original's.</summary>
internal sealed class DaemonFlags
{
    private static readonly string[] IgnoredTexts =
    [
        "kube-api-url", "kubeconfig-file", "kube-annotation-prefix", "net-config-path", "vmodule", "log_backtrace_at", "log_dir", "stderrthreshold",
    ];

    private static readonly string[] IgnoredSwitches =
    [
        "set-node-network-unavailable", "logtostderr", "alsologtostderr", "add_dir_header", "skip_headers", "skip_log_headers", "one_output",
    ];

    private readonly List<(string Title, List<Option> Flags)> _groups = [];

    public DaemonFlags()
    {
        Group("Store");
        Endpoints = Text("etcd-endpoints", "LIST", "etcd endpoints, or local:DIRECTORY", "http://127.0.0.1:4001,http://127.0.0.1:2379");
        Prefix = Text("etcd-prefix", "KEY", "where the network's keys are", "/coreos.com/network");
        CaFile = Text("etcd-cafile", "FILE", "authorities to trust in place of the system's (PEM)");
        CertFile = Text("etcd-certfile", "FILE", "client certificate (PEM), with etcd-keyfile");
        KeyFile = Text("etcd-keyfile", "FILE", "the client certificate's key (PEM)");
        Username = Text("etcd-username", "USER", "etcd user");
        Password = Text("etcd-password", "TEXT", "the user's password; FLANNELD_ETCD_PASSWORD keeps it out of the process list");
        LeaseTtl = Number("subnet-lease-ttl", "SECONDS", "how long the subnet stays ours without contact to the store", 86_400, 5, 9_000_000);
        RenewMargin = Number("subnet-lease-renew-margin", "MINUTES", "renew this long before the lease ends, 1 to 1439", 60);

        Group("Interface");
        Interfaces = Many("iface", "NAME|IP", "interface for traffic to other hosts; repeatable, the first that fits wins");
        Patterns = Many("iface-regex", "REGEX", "the same by regular expression over addresses, then names; repeatable");
        CanReach = Address("iface-can-reach", "the interface by which the kernel reaches this address", null);
        PublicIp = Address("public-ip", "IPv4 address told to other hosts (behind NAT)", AddressFamily.InterNetwork);
        PublicIpV6 = Address("public-ipv6", "IPv6 address told to other hosts", AddressFamily.InterNetworkV6);

        Group("Node");
        SubnetFile = Text("subnet-file", "FILE", "where subnet, MTU and network are written for others to read", InstanceName.DefaultSubnetFile);
        IpMasq = Switch("ip-masq", "masquerade traffic that leaves the network", false);
        FullyRandomDisable = Switch("ip-masq-fully-random-disable", "masquerade without --random-fully", false);
        ForwardRules = Switch("iptables-forward-rules", "accept forwarded traffic of the network", true);
        NoMasquerade = Networks("no-masq-prefix", "network with which addresses are kept when ip-masq is on, in both directions; repeatable");
        StrictPeers = Switch("strict-peers", "take tunnel packets from hosts with a lease alone", true);
        Resync = Number("iptables-resync", "SECONDS", "period in which firewall and blackhole route are checked without any reason", 5, 1, 86_400);
        Probe = Switch("probe", "ask each peer through the tunnel, every few seconds, whether it is reachable", true);
        Blackhole = Switch("ip-blackhole-route", "blackhole route for the own subnet", false);

        AllowOverlap = Switch("allow-overlap", "start although the network overlaps this host's own addresses or routes", false);
        TxChecksumOffload = Text("tx-checksum-offload", "auto|on|off", "transmit checksums of the vxlan device; off where a NAT on the way spoils them", "auto");
        UdpOffload = Text("udp-offload", "auto|off", "super-packets and batched datagrams of the udp backend, as far as the kernel has them", "auto");

        Group("Health and control");
        HealthIp = Address("healthz-ip", "where /healthz and /readyz listen", null, IPAddress.Any);
        HealthPort = Number("healthz-port", "PORT", "their port; 0 for none", 0, 0, 65_535);
        MetricsPort = Number("metrics-port", "PORT", "port of 127.0.0.1 that tells /metrics; 0 for none", 0, 0, 65_535);
        SocketGroup = Text("socket-group", "GROUP", "group that may read from the control socket");
        Name = Text("name", "NAME", $"the instance's name, {InstanceName.Rule}; by default it follows from subnet-file");
        Verbosity = Number("v", "LEVEL", "log details from 1 on", 0, 0, 100);

        Replace = Switch("replace", "take over from the running daemon of this name, and let it end", false);
        LogFile = Text("log_file", "FILE", "where log lines go, in place of standard error");
        LogFileMaxSize = Number("log_file_max_size", "MIB", "its size, at which it becomes FILE.1 and is begun anew; 0 for any", 10, 0, 1_000_000);

        Group("Instead of running");
        SetConfig = Text("set-config", "FILE", "write the network configuration (JSON; - for standard input) to the store and end");
        Cleanup = Switch("cleanup", "remove what this instance left behind (devices, routes, files, its lease) and end", false);
        Version = Switch("version", "print the version and end", false);
        Help = new Option<bool>("--help", "-h") { Description = "print this and end", Arity = ArgumentArity.Zero };
        _groups[^1].Flags.Add(Help);

        Group("Accepted for the original's sake");
        KubeSubnetManager = Switch("kube-subnet-mgr", "an error when true: FlannelPS keeps its leases in etcd", false);
        Ignored =
        [
            .. IgnoredTexts.Select(name => (Option)Text(name, "TEXT", "no effect")),
            .. IgnoredSwitches.Select(name => (Option)Switch(name, "no effect", false)),
        ];
    }

    public Option<string> Endpoints { get; }
    public Option<string> Prefix { get; }
    public Option<string> CaFile { get; }
    public Option<string> CertFile { get; }
    public Option<string> KeyFile { get; }
    public Option<string> Username { get; }
    public Option<string> Password { get; }
    public Option<int> LeaseTtl { get; }
    public Option<int> RenewMargin { get; }
    public Option<string[]> Interfaces { get; }
    public Option<string[]> Patterns { get; }
    public Option<IPAddress?> CanReach { get; }
    public Option<IPAddress?> PublicIp { get; }
    public Option<IPAddress?> PublicIpV6 { get; }
    public Option<string> SubnetFile { get; }
    public Option<bool> IpMasq { get; }
    public Option<bool> FullyRandomDisable { get; }
    public Option<bool> ForwardRules { get; }
    public Option<IPNetwork[]> NoMasquerade { get; }
    public Option<bool> StrictPeers { get; }
    public Option<int> Resync { get; }
    public Option<bool> Probe { get; }
    public Option<bool> Blackhole { get; }
    public Option<bool> AllowOverlap { get; }
    public Option<string> TxChecksumOffload { get; }
    public Option<string> UdpOffload { get; }
    public Option<bool> Replace { get; }
    public Option<IPAddress?> HealthIp { get; }
    public Option<int> HealthPort { get; }
    public Option<int> MetricsPort { get; }
    public Option<string> SocketGroup { get; }
    public Option<string> Name { get; }
    public Option<int> Verbosity { get; }
    public Option<string> LogFile { get; }
    public Option<int> LogFileMaxSize { get; }
    public Option<string> SetConfig { get; }
    public Option<bool> Cleanup { get; }
    public Option<bool> Version { get; }
    public Option<bool> Help { get; }
    public Option<bool> KubeSubnetManager { get; }

    /// <summary>Flags that are taken and have no effect.</summary>
    public IReadOnlyList<Option> Ignored { get; }

    /// <summary>The groups of the help text.</summary>
    public IReadOnlyList<(string Title, List<Option> Flags)> Groups => _groups;

    /// <summary>All flags.</summary>
    public IEnumerable<Option> All => _groups.SelectMany(group => group.Flags);

    private void Group(string title) => _groups.Add((title, []));

    private T Add<T>(T option, string? argument, string description)
        where T : Option
    {
        option.HelpName = argument;
        option.Description = description;
        _groups[^1].Flags.Add(option);
        return option;
    }

    private Option<string> Text(string name, string argument, string description, string fallback = "")
        => Add(new Option<string>("--" + name) { Arity = One, DefaultValueFactory = _ => fallback, CustomParser = Last }, argument, description);

    private Option<string[]> Many(string name, string argument, string description)
        => Add(new Option<string[]>("--" + name)
        {
            Arity = One,
            DefaultValueFactory = _ => [],
            CustomParser = result => [.. result.Tokens.Select(token => token.Value)],
        }, argument, description);

    private Option<IPNetwork[]> Networks(string name, string description)
        => Add(new Option<IPNetwork[]>("--" + name)
        {
            Arity = One,
            DefaultValueFactory = _ => [],
            CustomParser = result =>
            {
                var networks = new List<IPNetwork>();
                // One variable has one value: there they are separated by commas.
                foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
                {
                    if (!AddressText.TryParseCidr(text, text.Contains(':') ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, out var network))
                        return Wrong<IPNetwork[]>(result, $"'{text}' is not a network such as 192.0.2.0/24");
                    networks.Add(network);
                }
                return [.. networks];
            },
        }, "CIDR", description);

    private Option<bool> Switch(string name, string description, bool fallback)
        => Add(new Option<bool>("--" + name)
        {
            Arity = One,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Last(result) == "true",
        }, null, description);

    private Option<int> Number(string name, string argument, string description, int fallback, int min = int.MinValue, int max = int.MaxValue)
        => Add(new Option<int>("--" + name)
        {
            Arity = One,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => !int.TryParse(Last(result), out var number) ? Wrong<int>(result, $"'{Last(result)}' is not a whole number")
                : number < min || number > max ? Wrong<int>(result, $"{number} is not within {min} to {max}")
                : number,
        }, argument, description);

    private Option<IPAddress?> Address(string name, string description, AddressFamily? family, IPAddress? fallback = null)
        => Add(new Option<IPAddress?>("--" + name)
        {
            Arity = One,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Last(result) is var text && text.Length == 0 ? fallback
                : AddressText.TryParse(text, out var address) && (family is null || address.AddressFamily == family) ? address
                : Wrong<IPAddress?>(result, $"'{text}' is not an {(family == AddressFamily.InterNetwork ? "IPv4" : family is null ? "IP" : "IPv6")} address"),
        }, "IP", description);

    private static ArgumentArity One => ArgumentArity.OneOrMore;    // given twice, the last one counts, as in Go

    private static string Last(ArgumentResult result) => result.Tokens[^1].Value;

    private static T? Wrong<T>(ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
