using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

public sealed class InterfaceSurveyTests
{
    private static readonly InterfaceFacts Host = new(
        [
            new(1, "lo", "", Link.IFF_UP | Link.IFF_LOOPBACK, 65536, null, 1000, null), new(2, "eth0", "", Link.IFF_UP, 1500, null, 1000, null),
            new(3, "eth1", "", Link.IFF_UP, 9000, null, 1000, null), new(4, "bare0", "dummy", 0, 1500, null, 1000, null),
        ],
        [Own(1, "127.0.0.1"), Own(2, "192.0.2.11"), Own(3, "198.18.0.11"), Own(3, "2001:db8:1::11")],
        [new(IPNetwork.Parse("0.0.0.0/0"), IPAddress.Parse("192.0.2.1"), 2, false, 0, 3, Priority: 100), new(IPNetwork.Parse("0.0.0.0/0"), IPAddress.Parse("198.18.0.1"), 3, false, 0, 3, Priority: 200)],
        address => address.ToString() == "198.18.7.7" ? new(3, IPAddress.Parse("198.18.0.11")) : null);

    public static TheoryData<InterfaceOptions, bool, string[]> Cases => new()
    {
        { InterfaceOptions.None, false, ["+ eth0 default route by eth0", "u eth1 default route by eth1, but eth0 comes first", "- lo lo has no usable IPv4", "- bare0 bare0 has no usable IPv4"] },
        { new(["eth1"], []), false, ["+ eth1 iface 'eth1'", "u eth0 no option names it", "- lo lo has no usable IPv4", "- bare0 bare0 has no usable IPv4"] },
        { new(["bare0", "eth0"], []), false, ["+ eth0 iface 'eth0'", "u eth1 no option names it", "- lo lo has no", "- bare0 iface 'bare0': bare0 has no usable IPv4"] },
        { new(["nosuch"], []), false, ["u eth0 no option names it", "u eth1 no option names it", "- lo lo has no", "- bare0 bare0 has no"] },
        { new([], ["th1"]), false, ["+ eth1 iface-regex 'th1' on eth1", "u eth0 no option", "- lo", "- bare0"] },
        { new([], [], IPAddress.Parse("198.18.7.7")), false, ["+ eth1 iface-can-reach 198.18.7.7 by eth1", "u eth0 no option", "- lo", "- bare0"] },
        { new([], [], null, IPAddress.Parse("198.18.0.11")), false, ["+ eth1 public-ip 198.18.0.11 on eth1", "u eth0 it has not the address 198.18.0.11", "- lo", "- bare0"] },
        { InterfaceOptions.None, true, ["+ eth1 default route by eth1", "- lo", "- eth0 default route by eth0: eth0 has no usable IPv6", "- bare0"] },
    };

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Each_interface_is_told_why_or_why_not(InterfaceOptions options, bool dualStack, string[] expected)
    {
        var survey = InterfaceSelector.Survey(options, Host, dualStack);
        Assert.Equal(expected.Length, survey.Verdicts.Count);
        foreach (var (verdict, text) in survey.Verdicts.Zip(expected))
            Assert.StartsWith(text, $"{(verdict.IsChosen ? '+' : verdict.IsUsable ? 'u' : '-')} {verdict.Link.Name} {verdict.Reason}", StringComparison.Ordinal);
        // It is the choice that a node makes, not another one.
        Assert.Equal(InterfaceSelector.Select(options, Host, dualStack).Interface?.Link.Name, survey.Verdicts.FirstOrDefault(verdict => verdict.IsChosen)?.Link.Name);
    }

    private static InterfaceAddress Own(int link, string address) => new(link, IPAddress.Parse(address), address.Contains(':') ? 64 : 24, 0x80, 0);
}
