using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>Which settings hinder workloads, as a table of values (F45).</summary>
public sealed class HostFindingTests
{
    public static TheoryData<string, bool, bool, bool, int, string> Settings => new()
    {
        // settings, dual, default route by advertisement, bridge in our subnet, ways out -> subjects told
        { "net/ipv4/ip_forward=1", false, false, false, 1, "" },
        { "net/ipv4/ip_forward=0", false, false, false, 1, "net.ipv4.ip_forward" },
        { "net/ipv6/conf/all/forwarding=0", false, false, false, 1, "" },
        { "net/ipv6/conf/all/forwarding=0", true, false, false, 1, "net.ipv6.conf.all.forwarding" },
        { "net/ipv6/conf/all/disable_ipv6=1", true, false, false, 1, "net.ipv6.conf.all.disable_ipv6" },
        { "net/ipv6/conf/all/forwarding=1 net/ipv6/conf/eth0.5/accept_ra=1", true, false, false, 1, "" },
        { "net/ipv6/conf/all/forwarding=1 net/ipv6/conf/eth0.5/accept_ra=1", true, true, false, 1, "net.ipv6.conf.eth0/5.accept_ra" },
        { "net/ipv6/conf/all/forwarding=1 net/ipv6/conf/eth0.5/accept_ra=2", true, true, false, 1, "" },
        { "net/ipv4/conf/all/rp_filter=2 net/ipv4/conf/eth0.5/rp_filter=0", false, false, false, 1, "" },
        { "net/ipv4/conf/all/rp_filter=1 net/ipv4/conf/eth0.5/rp_filter=1", false, false, false, 1, "" },    // one way out: nothing comes by another
        { "net/ipv4/conf/all/rp_filter=1 net/ipv4/conf/eth0.5/rp_filter=0", false, false, false, 2, "net.ipv4.conf.eth0/5.rp_filter" },
        { "net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/eth0.5/rp_filter=1", false, false, false, 2, "net.ipv4.conf.eth0/5.rp_filter" },
        { "net/ipv4/conf/all/rp_filter=2 net/ipv4/conf/eth0.5/rp_filter=1", false, false, false, 2, "" },
        { "net/ipv4/conf/eth0.5/rp_filter=1", false, false, false, 2, "" },    // half of it may not be read
        { "", false, false, true, 1, "net.bridge.bridge-nf-call-iptables" },
        { "net/bridge/bridge-nf-call-iptables=0", false, false, true, 1, "net.bridge.bridge-nf-call-iptables" },
        { "net/bridge/bridge-nf-call-iptables=0", false, false, false, 1, "" },
        { "net/bridge/bridge-nf-call-iptables=1", false, false, true, 1, "" },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void F45_what_hinders_is_told_with_the_command_that_mends_it(string settings, bool dual, bool advertised, bool bridged, int ways, string subjects)
    {
        var values = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(text => text.Split('=')[0], text => text.Split('=')[1]);
        var found = HostFinding.OfSettings(values.GetValueOrDefault, new("eth0.5", dual, advertised, bridged ? "cni0" : null, ways)).ToList();
        Assert.Equal(subjects.Split(' ', StringSplitOptions.RemoveEmptyEntries), found.Select(finding => finding.Subject));
        Assert.All(found, finding => Assert.Matches($"sysctl -w {System.Text.RegularExpressions.Regex.Escape(finding.Subject)}=[012]|modprobe br_netfilter", finding.Remedy));
    }
}
