using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Node;

/// <summary>A kernel setting of the host, judged by what workloads need of it (F45). One judgement for the daemon's findings and for the doctor.</summary>
/// <param name="Topic">What it is about; the doctor has a check of this name.</param>
/// <param name="Name">As sysctl(8) writes it.</param>
/// <param name="Status">Fail where nothing goes, Warn where something may not, Skip where it cannot be read.</param>
/// <param name="State">What it is, such as <c>is 0</c>.</param>
/// <param name="Cause">What comes of that; empty for what is right.</param>
/// <param name="Remedy">What to do.</param>
internal sealed record HostSetting(string Topic, string Name, RuleStatus Status, string State, string Cause = "", string Remedy = "")
{
    public const string Forwarding = nameof(Forwarding), IPv6 = nameof(IPv6), ReversePath = nameof(ReversePath), BridgeFilter = nameof(BridgeFilter);
    private const string Forward = "net/ipv4/ip_forward", ForwardV6 = "net/ipv6/conf/all/forwarding", NoIPv6 = "net/ipv6/conf/all/disable_ipv6";
    private const string Filter = "net/ipv4/conf/all/rp_filter", Bridge = "net/bridge/bridge-nf-call-iptables";

    /// <summary>Judges all that count on this host. Pure but for <paramref name="read"/>.</summary>
    /// <param name="read">A setting below /proc/sys; null where the kernel has none, or does not tell.</param>
    /// <param name="host">What of the host they depend on.</param>
    public static IEnumerable<HostSetting> Judge(Func<string, string?> read, WorkloadHost host)
    {
        yield return Of(Forwarding, Forward, read(Forward), "0", RuleStatus.Fail, "nothing is forwarded between workloads and other hosts", "1");
        if (host.IsDual)
        {
            yield return Of(Forwarding, ForwardV6, read(ForwardV6), "0", RuleStatus.Fail, "nothing is forwarded over IPv6", "1");
            yield return Of(IPv6, NoIPv6, read(NoIPv6), "1", RuleStatus.Fail, "this host has no IPv6, which the network needs", "0");
            if (host is { IsRouterAdvertised: true, Underlay.Length: > 0 } && read(ForwardV6) == "1" && Sysctl.OfDevice(AddressFamily.InterNetworkV6, host.Underlay, "accept_ra") is var accept)
                yield return Of(IPv6, accept, read(accept), "1", RuleStatus.Warn, "with forwarding on, the IPv6 default route ends with the router's last advertisement", "2");
        }
        if (host.Underlay.Length > 0)
            yield return Reverse(read, host);
        if (host.Bridge is { } bridge)
            yield return Bridged(read(Bridge), bridge);
    }

    /// <summary>The settings that <see cref="Judge"/> may ask for.</summary>
    public static IEnumerable<string> Paths(IEnumerable<string> devices)
        => [Forward, ForwardV6, NoIPv6, Filter, Bridge, .. devices.SelectMany(device => new[] { Sysctl.OfDevice(AddressFamily.InterNetwork, device, "rp_filter"), Sysctl.OfDevice(AddressFamily.InterNetworkV6, device, "accept_ra") })];

    // A strict filter drops what comes by another interface than its answer would leave by: with one way out there is none. The kernel takes the greater of the two (ip-sysctl: conf/all/rp_filter).
    private static HostSetting Reverse(Func<string, string?> read, WorkloadHost host)
    {
        var path = Sysctl.OfDevice(AddressFamily.InterNetwork, host.Underlay, "rp_filter");
        if (!int.TryParse(read(Filter), out var all) || !int.TryParse(read(path), out var own))
            return new(ReversePath, NameOf(path), RuleStatus.Skip, "is not to be read");
        var effective = Math.Max(all, own);
        var state = $"is {(effective == own ? "" : "in effect ")}{effective}, and this host has {(host.WaysOut == 1 ? "one way" : $"{host.WaysOut} ways")} out";
        return effective != 1 || host.WaysOut < 2 ? new(ReversePath, NameOf(path), RuleStatus.Pass, state)
            : new(ReversePath, NameOf(path), RuleStatus.Warn, state, "what comes in by another interface than its answer would take is dropped, the tunnel's packets too", Write(path, "2"));
    }

    private static HostSetting Bridged(string? value, string bridge)
    {
        const string Cause = "passes no iptables rule, which Kubernetes' services and policies are made of";
        return value switch
        {
            "1" => new(BridgeFilter, NameOf(Bridge), RuleStatus.Pass, "is 1"),
            null => new(BridgeFilter, NameOf(Bridge), RuleStatus.Warn, "is not there", $"traffic between workloads of the bridge {bridge} {Cause}", "modprobe br_netfilter, if you need that."),
            _ => new(BridgeFilter, NameOf(Bridge), RuleStatus.Warn, $"is {value}", $"traffic between workloads of the bridge {bridge} {Cause}", $"sysctl -w {NameOf(Bridge)}=1, if you need that."),
        };
    }

    private static HostSetting Of(string topic, string path, string? value, string wrong, RuleStatus status, string cause, string right)
        => value is null ? new(topic, NameOf(path), RuleStatus.Skip, "is not there, or not to be read")
            : value != wrong ? new(topic, NameOf(path), RuleStatus.Pass, $"is {value}")
            : new(topic, NameOf(path), status, $"is {value}", cause, Write(path, right));

    private static string Write(string path, string value) => $"sysctl -w {NameOf(path)}={value}, and in /etc/sysctl.d for the next boot.";

    // sysctl(8): a device's own dots are written as slashes.
    private static string NameOf(string path) => path.Replace('.', '\0').Replace('/', '.').Replace('\0', '/');
}
