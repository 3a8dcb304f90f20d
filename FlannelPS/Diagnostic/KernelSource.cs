using System.Text;

namespace FlannelPS.Diagnostics;

/// <summary>The kernel and the distribution, with the modules and settings that an overlay network depends on.</summary>
internal sealed class KernelSource : DiagnosticSource
{
    private static readonly string[] Modules =
    [
        "vxlan", "udp_tunnel", "ip6_udp_tunnel", "tun", "veth", "bridge", "br_netfilter", "overlay", "nf_tables", "nft_chain_nat", "nft_compat", "nf_nat", "nf_conntrack", "ip_tables", "iptable_filter",
        "iptable_nat", "ip6_tables", "xt_MASQUERADE", "xt_comment", "wireguard", "ipip",
    ];

    private static readonly string[] Settings =
    [
        "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter", "net/ipv4/conf/all/accept_local", "net/ipv4/ip_no_pmtu_disc",
        "net/ipv4/tcp_mtu_probing", "net/ipv4/neigh/default/gc_thresh1", "net/ipv4/neigh/default/gc_thresh2", "net/ipv4/neigh/default/gc_thresh3", "net/ipv6/conf/all/forwarding",
        "net/ipv6/conf/all/disable_ipv6", "net/ipv6/conf/all/accept_ra", "net/ipv6/conf/default/accept_ra", "net/ipv6/route/max_size", "net/bridge/bridge-nf-call-iptables",
        "net/bridge/bridge-nf-call-ip6tables", "net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_count", "net/core/rmem_max", "net/core/wmem_max", "net/core/netdev_max_backlog",
        "fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "kernel/pid_max",
    ];

    /// <inheritdoc/>
    public override string About => "reading the kernel's version and settings";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        yield return new("kernel/version.txt", Version());
        yield return new("kernel/settings.txt", string.Concat(Settings.Concat(PerInterface()).Select(name => $"{name.Replace('/', '.')} = {HostFile.Line($"/proc/sys/{name}") ?? "(not there)"}\n")));
        yield return new("kernel/modules.txt", string.Concat(Modules.Select(name => $"{name} {(Directory.Exists($"/sys/module/{name}") ? $"loaded {HostFile.Line($"/sys/module/{name}/version")}".TrimEnd() : "not loaded")}\n")));
    }

    private static string Version()
    {
        var text = new StringBuilder().Append(HostFile.Line("/proc/version")).Append('\n');
        foreach (var line in (HostFile.Line("/etc/os-release") ?? HostFile.Line("/usr/lib/os-release") ?? "").Split('\n').Where(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal) || line.StartsWith("VERSION", StringComparison.Ordinal)))
            text.Append(line).Append('\n');
        text.Append("architecture ").Append(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture).Append(", ").Append(Environment.ProcessorCount).Append(" processors\n");
        text.Append("uptime ").Append(HostFile.Line("/proc/uptime")).Append("\nload ").Append(HostFile.Line("/proc/loadavg")).Append('\n');
        foreach (var line in (HostFile.Line("/proc/meminfo") ?? "").Split('\n').Take(3))
            text.Append(line).Append('\n');
        return text.ToString();
    }

    private static IEnumerable<string> PerInterface()
    {
        const string Folder = "/proc/sys/net/ipv4/conf";
        foreach (var name in Directory.Exists(Folder) ? Directory.EnumerateDirectories(Folder).Select(Path.GetFileName).Where(name => name is not ("all" or "default")).Order(StringComparer.Ordinal).Take(64) : [])
        {
            yield return $"net/ipv4/conf/{name}/rp_filter";
            yield return $"net/ipv4/conf/{name}/forwarding";
        }
    }
}
