using System.Net;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

public sealed class InterfaceSelectorTests
{
    private const uint Permanent = 0x80, Deprecated = 0x20, Temporary = 0x01;
    private static readonly Link Loopback = new(1, "lo", "", Link.IFF_UP | Link.IFF_LOOPBACK, 65536, null, 1000, null);
    private static readonly Link Eth0 = new(2, "eth0", "", Link.IFF_UP, 1500, null, 1000, null);
    private static readonly Link Eth1 = new(3, "eth1", "", Link.IFF_UP, 9000, null, 1000, null);

    private static readonly InterfaceFacts Host = new(
        [Loopback, Eth0, Eth1],
        [
            Own(1, "127.0.0.1"), Own(1, "::1"),
            Own(2, "192.0.2.11"), Own(2, "192.0.2.12"), Own(2, "fe80::1"), Own(2, "2001:db8::11"),
            Own(3, "198.18.0.11"), Own(3, "2001:db8:1::11"),
        ],
        [Default(2, 100), Default(3, 200)],
        address => address.ToString() switch
        {
            "198.18.7.7" => new(3, IPAddress.Parse("198.18.0.11")),
            "2001:db8:1::9" => new(3, IPAddress.Parse("2001:db8:1::11")),
            "203.0.113.1" => new(2, IPAddress.Parse("192.0.2.11")),
            _ => null,
        });

    public static TheoryData<string, string> Choices => new()
    {
        // options -> device address [address v6] external [external v6]
        { "", "eth0 192.0.2.11 192.0.2.11" },
        { "iface=eth1", "eth1 198.18.0.11 198.18.0.11" },
        { "iface=192.0.2.12", "eth0 192.0.2.12 192.0.2.12" },
        { "iface=nope iface=eth1", "eth1 198.18.0.11 198.18.0.11" },
        { "regex=^198[.]18", "eth1 198.18.0.11 198.18.0.11" },
        { "regex=th1", "eth1 198.18.0.11 198.18.0.11" },
        { "regex=2.12$", "eth0 192.0.2.12 192.0.2.12" },
        { "regex=th1 iface=eth0", "eth0 192.0.2.11 192.0.2.11" },
        { "reach=198.18.7.7", "eth1 198.18.0.11 198.18.0.11" },
        { "reach=198.18.0.11", "eth1 198.18.0.11 198.18.0.11" },
        { "reach=198.18.7.7 regex=nothing", "eth1 198.18.0.11 198.18.0.11" },
        { "public=192.0.2.12", "eth0 192.0.2.12 192.0.2.12" },
        { "public=203.0.113.9", "eth0 192.0.2.11 203.0.113.9" },
        { "public=203.0.113.9 iface=eth1", "eth1 198.18.0.11 203.0.113.9" },
        { "public6=2001:db8::11", "eth0 192.0.2.11 192.0.2.11" },
        { "dual", "eth0 192.0.2.11 2001:db8::11 192.0.2.11 2001:db8::11" },
        { "dual iface=eth1", "eth1 198.18.0.11 2001:db8:1::11 198.18.0.11 2001:db8:1::11" },
        { "dual iface=2001:db8:1::11", "eth1 198.18.0.11 2001:db8:1::11 198.18.0.11 2001:db8:1::11" },
        { "dual reach=2001:db8:1::9", "eth1 198.18.0.11 2001:db8:1::11 198.18.0.11 2001:db8:1::11" },
        { "dual public=203.0.113.9 public6=2001:db8:f::1", "eth0 192.0.2.11 2001:db8::11 203.0.113.9 2001:db8:f::1" },
        { "dual public6=2001:db8:1::11", "eth1 198.18.0.11 2001:db8:1::11 198.18.0.11 2001:db8:1::11" },
        { "dual regex=^(198|2001:db8:1:)", "eth1 198.18.0.11 2001:db8:1::11 198.18.0.11 2001:db8:1::11" },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void The_first_candidate_that_fits_is_used(string options, string expected)
    {
        var chosen = Select(options, Host).Interface;
        Assert.NotNull(chosen);
        var text = string.Join(' ', new object?[] { chosen.Link.Name, chosen.Address, chosen.AddressV6, chosen.PublicIp, chosen.PublicIpV6 }.Where(part => part is not null));
        Assert.Equal(expected, text);
        Assert.Equal(chosen.Link.Mtu, chosen.Mtu);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "iface=eth9", "iface 'eth9': no interface of that name (there are lo, eth0, eth1)" },
        { "iface=192.0.2.99", "iface '192.0.2.99': no interface of that address" },
        { "iface=010.0.0.1", "no interface of that name" },
        { "iface=2001:db8::11", "iface '2001:db8::11': an IPv6 address, but the network is IPv4 only" },
        { "iface=lo", "lo has no usable IPv4 address" },
        { "regex=nothing", "iface-regex 'nothing': matches no address and no name" },
        { "regex=(", "iface-regex '(': not a regular expression" },
        { "regex=^((((.+)+)+)+)+!$", "took longer than 200 ms to match" },
        { "reach=203.0.113.7", "iface-can-reach 203.0.113.7: the kernel has no route to it" },
        { "reach=2001:db8:1::9", "an IPv6 address, but the network is IPv4 only" },
        { "dual iface=eth0 public6=2001:db8:1::11", "public-ipv6 2001:db8:1::11 is on eth1" },
        { "dual public=192.0.2.11 public6=2001:db8:1::11", "both families must be on one interface" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_says_what_was_tried_and_why(string options, string reason)
    {
        var selection = Select(options, Host);
        Assert.Null(selection.Interface);
        Assert.Contains(reason, selection.Failure);
        Assert.Contains("--iface", selection.Failure);
    }

    [Fact]
    public void Each_rejected_candidate_is_listed_in_order()
    {
        var selection = Select("iface=a iface=lo regex=[ reach=203.0.113.7", Host);
        Assert.Equal(["iface 'a'", "iface 'lo'", "iface-regex '['", "iface-can-reach"], selection.Rejected.Select(text => text.Split(':')[0].Split(" 203")[0]));
    }

    [Fact]
    public void A_regular_expression_that_never_ends_is_ended()
    {
        var facts = Host with { Addresses = [.. Host.Addresses, Own(3, "2001:db8:1111:1111:1111:1111:1111:1111")] };
        var selection = Select("dual regex=^(([0-9a-f:]+)+)+x$", facts);
        Assert.Null(selection.Interface);
        Assert.Contains("longer than", selection.Failure);
    }

    [Fact]
    public void Q29_a_partial_match_never_mixes_two_interfaces()
    {
        // The v4 of eth0 and the v6 of eth1 match, but no interface has both; the name decides then, with that interface's own addresses.
        var chosen = Select("dual regex=^192[.]|^2001:db8:1:|^eth1$", Host).Interface;
        Assert.Equal("eth1 198.18.0.11 2001:db8:1::11", $"{chosen?.Link.Name} {chosen?.Address} {chosen?.AddressV6}");
    }

    [Fact]
    public void The_lowest_metric_wins_and_a_default_route_without_address_is_passed_over()
    {
        var facts = Host with { Addresses = [.. Host.Addresses.Where(own => own.LinkIndex != 2)] };
        var selection = Select("", facts);
        Assert.Equal("eth1", selection.Interface?.Link.Name);
        Assert.Contains("default route by eth0", Assert.Single(selection.Rejected));
        Assert.Equal("eth1", Select("", Host with { Routes = [Default(2, 300), Default(3, 200)] }).Interface?.Link.Name);
    }

    [Fact]
    public void A_default_route_without_a_device_of_its_own_is_asked_from_the_kernel()
        => Assert.Equal("eth0", Select("", Host with { Routes = [Default(0, 0)] }).Interface?.Link.Name);

    [Fact]
    public void No_default_route_is_said_with_the_interfaces_there_are()
        => Assert.Contains("there is none for IPv4 in the main table (interfaces: lo, eth0, eth1)", Select("", Host with { Routes = [] }).Failure);

    [Fact]
    public void Addresses_are_preferred_as_the_original_does()
    {
        InterfaceAddress[] addresses =
        [
            Own(2, "169.254.1.1"), Own(2, "192.0.2.1", Permanent | Deprecated), Own(2, "224.0.0.5"), Own(2, "192.0.2.3", 0), Own(2, "192.0.2.2"),
            Own(2, "fe80::1"), Own(2, "2001:db8::3", Temporary), Own(2, "2001:db8::2", 0), Own(2, "2001:db8::1"), Own(3, "192.0.2.9"),
        ];
        Assert.Equal(["192.0.2.2", "192.0.2.3", "169.254.1.1"], AddressPreference.Usable(Eth0, addresses, System.Net.Sockets.AddressFamily.InterNetwork).Select(a => a.ToString()));
        Assert.Equal(
            ["2001:db8::1", "2001:db8::2", "2001:db8::3", "fe80::1"],
            AddressPreference.Usable(Eth0, addresses, System.Net.Sockets.AddressFamily.InterNetworkV6).Select(a => a.ToString()));
    }

    [Theory]
    [InlineData("10.0.2.15", "VirtualBox")]
    [InlineData("169.254.7.7", "link-local")]
    public void An_odd_address_is_used_with_a_warning(string address, string warning)
    {
        var selection = Select("", Host with { Addresses = [Own(2, address)] });
        Assert.Equal(address, selection.Interface?.Address?.ToString());
        Assert.Contains(warning, Assert.Single(selection.Warnings));
    }

    [Fact]
    public void Loopback_down_and_unused_public_ipv6_are_warned_of()
    {
        Assert.Contains("loopback", Assert.Single(Select("iface=lo", Host with { Addresses = [Own(1, "192.0.2.1")] }).Warnings));
        Assert.Contains("is down", Assert.Single(Select("iface=eth0", Host with { Links = [Eth0 with { Flags = 0 }] }).Warnings));
        Assert.Contains("not used", Assert.Single(Select("public6=2001:db8::5", Host).Warnings));
        Assert.Empty(Select("", Host).Warnings);
    }

    [Fact]
    public void An_interface_without_mtu_is_rejected()
        => Assert.Contains("has no MTU", Select("iface=eth0", Host with { Links = [Eth0 with { Mtu = 0 }] }).Failure);

    public static TheoryData<string, string, string> Followed => new()
    {
        // options, what changes (+interface=address, -address, -interface, nodefault) -> what is used in place of eth0 192.0.2.11
        { "", "", "eth0 192.0.2.11" },
        { "", "-192.0.2.11", "eth0 192.0.2.12" },
        { "", "+3=192.0.2.200", "eth0 192.0.2.11" },
        { "", "nodefault", "eth0 192.0.2.11" },
        { "", "-192.0.2.11 -192.0.2.12 +2=203.0.113.4 nodefault", "eth0 203.0.113.4" },
        { "", "-192.0.2.11 +3=192.0.2.11", "eth1 192.0.2.11" },
        { "", "-eth0", "eth1 198.18.0.11" },
        { "", "-eth0 nodefault", "none" },
        { "iface=eth0", "-192.0.2.11 +3=192.0.2.11", "eth0 192.0.2.12" },
        { "iface=eth0", "-eth0", "none" },
        { "iface=eth0", "-192.0.2.11 -192.0.2.12 +2=169.254.1.1", "none" },
        { "iface=eth1 iface=eth0", "", "eth0 192.0.2.11" },
        { "iface=eth0 iface=eth1", "-eth0", "eth1 198.18.0.11" },
        { "iface=192.0.2.11", "-192.0.2.11 +3=192.0.2.11", "eth1 192.0.2.11" },
        { "iface=192.0.2.11", "-192.0.2.11", "none" },
        { "regex=^192", "-192.0.2.11", "eth0 192.0.2.12" },
        { "public=203.0.113.9", "-192.0.2.11", "eth0 192.0.2.12" },
    };

    [Theory]
    [MemberData(nameof(Followed))]
    public void F42_the_choice_is_kept_as_long_as_it_fits_and_followed_when_it_moves(string options, string changes, string expected)
    {
        var used = new ExternalInterface(Eth0, IPAddress.Parse("192.0.2.11"), null, IPAddress.Parse("192.0.2.11"), null, 1500);
        var facts = Host;
        foreach (var change in changes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            facts = change == "nodefault" ? facts with { Routes = [] }
                : change[0] == '+' ? facts with { Addresses = [.. facts.Addresses, Own(change[1] - '0', change[3..])] }
                : change == "-eth0" ? facts with { Links = [Loopback, Eth1], Addresses = [.. facts.Addresses.Where(own => own.LinkIndex != 2)], Routes = [.. facts.Routes.Where(route => route.LinkIndex != 2)] }
                : facts with { Addresses = [.. facts.Addresses.Where(own => own.Address.ToString() != change[1..] || own.LinkIndex != 2)] };
        var chosen = Select(options, facts, used).Interface;
        Assert.Equal(expected, chosen is null ? "none" : $"{chosen.Link.Name} {chosen.Address}");
        if (chosen is not null)
            Assert.Equal(options.Contains("public=", StringComparison.Ordinal) ? "203.0.113.9" : chosen.Address!.ToString(), chosen.PublicIp!.ToString());
    }

    private static InterfaceSelection Select(string text, InterfaceFacts facts, ExternalInterface? current = null)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return InterfaceSelector.Select(new(All("iface="), All("regex="), One("reach="), One("public="), One("public6=")), facts, words.Contains("dual"), current);

        string[] All(string key) => [.. words.Where(word => word.StartsWith(key, StringComparison.Ordinal)).Select(word => word[key.Length..])];
        IPAddress? One(string key) => All(key) is [var value] ? IPAddress.Parse(value) : null;
    }

    private static InterfaceAddress Own(int link, string address, uint flags = Permanent) => new(link, IPAddress.Parse(address), 24, 0, flags);

    private static Route Default(int link, uint metric) => new(new(IPAddress.Any, 0), IPAddress.Parse("192.0.2.1"), link, false, 0, 3, Priority: metric);
}
