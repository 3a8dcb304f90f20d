using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>Something on this host that hinders workloads, and that is not ours to change.</summary>
/// <param name="Subject">What it is about, such as a kernel setting.</param>
/// <param name="Problem">What is wrong, one line.</param>
/// <param name="Remedy">What to do.</param>
public sealed record HostFinding(string Subject, string Problem, string Remedy)
{
    /// <summary>Looks the kernel's settings through (F45). Pure but for <paramref name="read"/>.</summary>
    /// <param name="read">A setting below /proc/sys; null where the kernel has none.</param>
    /// <param name="underlay">The interface to other hosts.</param>
    /// <param name="dual">Whether the network has IPv6.</param>
    /// <param name="routerAdvertised">Whether the host has its IPv6 default route from a router's advertisement.</param>
    /// <param name="bridged">Whether a bridge of this host stands in our subnet.</param>
    internal static IEnumerable<HostFinding> OfSettings(Func<string, string?> read, string underlay, bool dual, bool routerAdvertised, bool bridged)
    {
        const string Forward = "net/ipv4/ip_forward", ForwardV6 = "net/ipv6/conf/all/forwarding", Bridge = "net/bridge/bridge-nf-call-iptables";
        if (read(Forward) == "0")
            yield return Setting(Forward, "is 0: nothing is forwarded between workloads and other hosts", "1");
        if (dual && read(ForwardV6) == "0")
            yield return Setting(ForwardV6, "is 0: nothing is forwarded over IPv6", "1");
        if (dual && read("net/ipv6/conf/all/disable_ipv6") == "1")
            yield return Setting("net/ipv6/conf/all/disable_ipv6", "is 1: this host has no IPv6, which the network needs", "0");
        if (dual && routerAdvertised && read(ForwardV6) == "1" && Sysctl.OfDevice(AddressFamily.InterNetworkV6, underlay, "accept_ra") is var accept && read(accept) == "1")
            yield return Setting(accept, "is 1: with forwarding on, the IPv6 default route ends with the router's last advertisement", "2");
        foreach (var filter in new[] { "net/ipv4/conf/all/rp_filter", Sysctl.OfDevice(AddressFamily.InterNetwork, underlay, "rp_filter") })
            if (read(filter) == "1")
                yield return Setting(filter, "is 1: what comes in by another interface than its answer would take is dropped", "2");
        if (bridged && read(Bridge) is var called && called != "1")
            yield return called is null
                ? new(Name(Bridge), "is not there: traffic between workloads of one bridge passes no iptables rule, which Kubernetes' services need", "modprobe br_netfilter, if you need that.")
                : new(Name(Bridge), $"is {called}: traffic between workloads of one bridge passes no iptables rule, which Kubernetes' services need", $"sysctl -w {Name(Bridge)}=1, if you need that.");
    }

    private static HostFinding Setting(string path, string problem, string value) => new(Name(path), problem, $"sysctl -w {Name(path)}={value}, and in /etc/sysctl.d for the next boot.");

    // sysctl(8): a device's own dots are written as slashes.
    private static string Name(string path) => path.Replace('.', '\0').Replace('/', '.').Replace('\0', '/');
}
