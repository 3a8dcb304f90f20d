using System.Net;
using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Backends.Vxlan;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Backends;

/// <summary>What each backend wants of the kernel, as values: sections 5.1, 5.2 and 5.5 of the behaviour reference.</summary>
public sealed class BackendPlanTests
{
    private const byte Ours = Route.RTPROT_FLANNELPS;
    private static readonly Lease Peer = Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02");
    private static readonly Lease Far = Given.Peer("10.5.3.0-24", "198.18.0.3", "02:00:00:00:00:03");
    private static readonly Lease DualPeer = Given.Peer("10.5.2.0-24&fd00:5:0:2::-64", "192.0.2.2", "02:00:00:00:00:02", publicV6: "2001:db8::2", macV6: "02:00:00:00:06:02");

    [Fact]
    public void Vxlan_wants_a_neighbour_a_forwarding_entry_and_an_onlink_route_for_each_peer()
    {
        var state = Plan(Given.Config(), [Peer, Far]);
        Assert.Equal(6, state.Count);
        Assert.Equal(new Neighbor(40, Ip("10.5.2.0"), Given.Mac("02:00:00:00:00:02")), state.Neighbors[(40, Ip("10.5.2.0"))]);
        Assert.Equal(new FdbEntry(40, Given.Mac("02:00:00:00:00:02"), Ip("192.0.2.2")), state.Fdb[(40, Given.Mac("02:00:00:00:00:02"))]);
        Assert.Equal(new Route(Net("10.5.2.0/24"), Ip("10.5.2.0"), 40, OnLink: true, 0, Ours), state.Routes[Net("10.5.2.0/24")]);
        Assert.Equal(Ip("198.18.0.3"), state.Fdb[(40, Given.Mac("02:00:00:00:00:03"))].Destination);
    }

    [Fact]
    public void Direct_routing_wants_one_plain_route_for_a_peer_on_the_link_and_the_tunnel_for_another()
    {
        var state = Plan(Given.Config("""{"Type":"vxlan","DirectRouting":true}"""), [Peer, Far]);
        Assert.Equal(new Route(Net("10.5.2.0/24"), Ip("192.0.2.2"), 9, OnLink: false, 0, Ours), state.Routes[Net("10.5.2.0/24")]);
        Assert.Equal(40, state.Routes[Net("10.5.3.0/24")].LinkIndex);
        Assert.Equal((1, 1, 2), (state.Neighbors.Count, state.Fdb.Count, state.Routes.Count));
    }

    [Fact]
    public void On_the_link_is_what_the_longest_prefix_reaches_without_a_gateway()
    {
        var node = Given.Node with { Connected = [new(Net("192.0.2.0/24"), 9, false), new(Net("192.0.2.128/25"), 9, true), new(Net("192.0.2.192/26"), 8, false), new(Net("0.0.0.0/0"), 9, true)] };
        Assert.Equal(9, node.OnLinkBy(Ip("192.0.2.2")));
        Assert.Equal(0, node.OnLinkBy(Ip("192.0.2.130")));
        Assert.Equal(8, node.OnLinkBy(Ip("192.0.2.200")));
        Assert.Equal(0, node.OnLinkBy(Ip("198.18.0.3")));
        Assert.Equal(0, (node with { Connected = [] }).OnLinkBy(Ip("192.0.2.2")));
        Assert.Equal(0, node.OnLinkBy(Ip("2001:db8::2")));
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16"}""", "flannel0", 8285)]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"udp","Port":7000}}""", "flannel-7000", 7000)]
    public void Q28_R7_Udp_is_the_default_and_wants_one_route_for_the_network_and_a_lease_without_type_or_port(string json, string device, int port)
    {
        var backend = BackendRegistry.Create(Given.Read(json));
        Assert.Equal(new DesiredDevice(device, null, 1472) { Tunnel = new(Ip("192.0.2.1"), (ushort)port) }, Assert.Single(backend.Devices(Given.Node)));
        Assert.Equal(1472, backend.Mtu(Given.Node));
        Assert.Equal(new LeaseAttributes(Ip("192.0.2.1"), null, "", default, default), backend.Attributes(Given.Node, null));
        var state = new KernelState();
        backend.PlanNetwork([40], state);
        backend.PlanPeer(Far, Given.Node, [40], state);
        Assert.Equal(new Route(Net("10.5.0.0/16"), null, 40, OnLink: false, 0, Ours), Assert.Single(state.Routes.Values));
        Assert.Equal((Net("10.5.3.0/24"), Ip("198.18.0.3")), (state.Tunnels.Single().Key, state.Tunnels.Single().Value));
        Assert.Equal(1, state.Count);
    }

    [Fact]
    public void Udp_sends_IPv6_to_those_peers_only_whose_lease_says_that_they_take_it()
    {
        var config = Given.Dual("""{"Type":"udp"}""");
        var backend = BackendRegistry.Create(config);
        Assert.False(backend.NeedsIPv6Underlay);
        // No address but IPv4's, and no type: the value is the original's but for the data, which it does not read.
        Assert.Equal("""{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendV6Data":{"Carries":"IPv6"}}""", Encoding.UTF8.GetString(LeaseValue.Write(backend.Attributes(Given.Node, null))));
        var device = Assert.Single(backend.Devices(Given.Node));
        Assert.Equal((1472, 1472), (device.Mtu, backend.Mtu(Given.Node)));
        Assert.Null(backend.RefuseNode(Given.Node with { Mtu = 1308 }));
        Assert.Contains("too small for IPv6", backend.RefuseNode(Given.Node with { Mtu = 1307 }));

        var state = new KernelState();
        backend.PlanNetwork([40], state);
        Assert.Equal(new Route(config.IPv6!.Network, null, 40, OnLink: false, 0, Ours), state.Routes[config.IPv6.Network]);
        Assert.Equal(2, state.Count);
        foreach (var (data, hosts) in new[]
            { ("", 1), ("{}", 1), ("7", 1), ("""{"VNI":1,"VtepMAC":"02:00:00:00:06:02"}""", 1), ("""{"Carries":6}""", 1), ("""{"Carries":"IPv6"}""", 2), ("""{"Carries":"IPv6","Since":9}""", 2) })
        {
            state = new();
            backend.PlanPeer(DualPeer with { Attributes = new(Ip("192.0.2.2"), null, "", default, Encoding.UTF8.GetBytes(data)) }, Given.Node, [40], state);
            Assert.Equal(hosts, state.Tunnels.Count);
            Assert.All(state.Tunnels.Values, host => Assert.Equal(Ip("192.0.2.2"), host));
        }
        // In a network without IPv6 the other half is no business of ours.
        state = new();
        BackendRegistry.Create(Given.Config("""{"Type":"udp"}""")).PlanPeer(DualPeer with { Attributes = new(Ip("192.0.2.2"), null, "", default, """{"Carries":"IPv6"}"""u8.ToArray()) }, Given.Node, [40], state);
        Assert.Single(state.Tunnels);
    }

    [Fact]
    public void Vxlan_wants_the_same_of_both_families_over_a_device_each()
    {
        var state = Plan(Given.Dual(), [DualPeer]);
        Assert.Equal(6, state.Count);
        Assert.Equal(new Neighbor(41, Ip("fd00:5:0:2::"), Given.Mac("02:00:00:00:06:02")), state.Neighbors[(41, Ip("fd00:5:0:2::"))]);
        Assert.Equal(new FdbEntry(41, Given.Mac("02:00:00:00:06:02"), Ip("2001:db8::2")), state.Fdb[(41, Given.Mac("02:00:00:00:06:02"))]);
        Assert.Equal(new Route(Net("fd00:5:0:2::/64"), Ip("fd00:5:0:2::"), 41, OnLink: true, 0, Ours), state.Routes[Net("fd00:5:0:2::/64")]);
        Assert.Equal(3, Plan(Given.Dual(), [Peer]).Count);
        Assert.Equal(3, Plan(Given.Config(), [DualPeer]).Count);
    }

    [Fact]
    public void HostGw_wants_a_route_by_the_peers_own_address()
    {
        var v4 = Plan(Given.Config("""{"Type":"host-gw"}"""), [Peer]);
        Assert.Equal(new Route(Net("10.5.2.0/24"), Ip("192.0.2.2"), 9, OnLink: false, 0, Ours), Assert.Single(v4.Routes).Value);
        Assert.Equal(1, v4.Count);
        var dual = Plan(Given.Dual("""{"Type":"host-gw"}"""), [DualPeer]);
        Assert.Equal(new Route(Net("fd00:5:0:2::/64"), Ip("2001:db8::2"), 9, OnLink: false, 0, Ours), dual.Routes[Net("fd00:5:0:2::/64")]);
        Assert.Equal(2, dual.Count);
    }

    [Fact]
    public void Alloc_wants_nothing() => Assert.Equal(0, Plan(Given.Config("""{"Type":"alloc"}"""), [Peer]).Count);

    [Theory]
    [InlineData("vxlan", false, """{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}}""")]
    [InlineData("vxlan", true, """{"PublicIP":"192.0.2.1","PublicIPv6":"2001:db8::1","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:01"},"BackendV6Data":{"VNI":1,"VtepMAC":"02:00:00:00:06:01"}}""")]
    [InlineData("host-gw", false, """{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"host-gw"}""")]
    [InlineData("host-gw", true, """{"PublicIP":"192.0.2.1","PublicIPv6":"2001:db8::1","BackendType":"host-gw"}""")]
    [InlineData("alloc", false, """{"PublicIP":"192.0.2.1","PublicIPv6":null}""")]
    public void A_lease_says_byte_for_byte_what_the_originals_says(string type, bool dual, string value)
    {
        var json = $$"""{"Type":"{{type}}"}""";
        var backend = BackendRegistry.Create(dual ? Given.Dual(json) : Given.Config(json));
        Assert.Equal(value, Encoding.UTF8.GetString(LeaseValue.Write(backend.Attributes(Given.Node, new(Given.OwnMac, dual ? Given.OwnMacV6 : null)))));
    }

    [Theory]
    [InlineData("""{"Type":"vxlan"}""", 1450, 1450, 1430, 1430)]
    [InlineData("""{"Type":"vxlan","MTU":9000}""", 8950, 8950, 8930, 8930)]
    [InlineData("""{"Type":"vxlan","MTU":0}""", 1450, 1450, 1430, 1430)]
    public void Q16_the_outer_headers_take_50_bytes_over_IPv4_and_70_over_IPv6(string backend, int deviceV4, int fileV4, int deviceV6, int fileDual)
    {
        var v4 = BackendRegistry.Create(Given.Config(backend));
        Assert.Equal((deviceV4, fileV4), (v4.Devices(Given.Node).Single().Mtu, v4.Mtu(Given.Node)));
        var dual = BackendRegistry.Create(Given.Dual(backend));
        Assert.Equal([deviceV4, deviceV6], dual.Devices(Given.Node).Select(device => device.Mtu));
        Assert.Equal(fileDual, dual.Mtu(Given.Node));
    }

    [Theory]
    [InlineData("""{"Type":"host-gw"}""")]
    [InlineData("""{"Type":"alloc"}""")]
    public void A_backend_without_a_tunnel_keeps_the_interfaces_MTU_and_has_no_device(string backend)
    {
        var made = BackendRegistry.Create(Given.Config(backend));
        Assert.Equal(1500, made.Mtu(Given.Node));
        Assert.Empty(made.Devices(Given.Node));
    }

    [Fact]
    public void Options_shape_the_device_and_Q7_its_source_is_the_interfaces_address_not_the_public_one()
    {
        var config = Given.Dual("""{"Type":"vxlan","vni":42,"Port":4789,"GBP":true,"Learning":true}""");
        var devices = BackendRegistry.Create(config).Devices(Given.Node with { PublicIp = Ip("198.18.0.1"), PublicIpV6 = Ip("2001:db8:1::1") });
        Assert.Equal(new DesiredDevice("flannel.42", new(42, 9, Ip("192.0.2.1"), null, 4789, true, true), 1450), devices[0]);
        Assert.Equal(new DesiredDevice("flannel-v6.42", new(42, 9, Ip("2001:db8::1"), null, 4789, true, true), 1430), devices[1]);
        Assert.Equal(new VxlanInfo(1, 9, Ip("192.0.2.1"), null, 0, false, false), BackendRegistry.Create(Given.Config()).Devices(Given.Node).Single().Vxlan);
    }

    [Theory]
    [InlineData(""" "VNI":0 """)]
    [InlineData(""" "VNI":16777216 """)]
    [InlineData(""" "VNI":"1" """)]
    [InlineData(""" "VNI":1.5 """)]
    [InlineData(""" "Port":65536 """)]
    [InlineData(""" "Port":-1 """)]
    [InlineData(""" "MTU":117 """)]
    [InlineData(""" "MTU":65536 """)]
    [InlineData(""" "GBP":1 """)]
    [InlineData(""" "Learning":"no" """)]
    [InlineData(""" "DirectRouting":{} """)]
    [InlineData(""" "Nonsense":1 """)]
    public void An_option_out_of_its_range_is_refused(string option)
        => Assert.Throws<NetworkConfigException>(() => BackendRegistry.Create(Given.Config($$"""{"Type":"vxlan",{{option}}}""")));

    [Theory]
    [InlineData(""" "VNI":16777215 """)]
    [InlineData(""" "Port":65535 """)]
    [InlineData(""" "MTU":118 """)]
    [InlineData(""" "VNI":null """)]
    public void An_option_at_the_end_of_its_range_is_taken(string option)
        => Assert.Equal("vxlan", BackendRegistry.Create(Given.Config($$"""{"Type":"vxlan",{{option}}}""")).Type);

    [Fact]
    public void A_host_that_cannot_take_part_is_refused()
    {
        var nat = Given.Node with { PublicIp = Ip("198.18.0.1") };
        Assert.Contains("198.18.0.1", BackendRegistry.Create(Given.Config("""{"Type":"host-gw"}""")).RefuseNode(nat));
        Assert.Null(BackendRegistry.Create(Given.Config("""{"Type":"host-gw"}""")).RefuseNode(Given.Node));
        Assert.Null(BackendRegistry.Create(Given.Config()).RefuseNode(nat));
        Assert.Null(BackendRegistry.Create(Given.Config("""{"Type":"alloc"}""")).RefuseNode(nat));
        Assert.Null(BackendRegistry.Create(Given.Config()).RefuseNode(Given.Node with { Mtu = 1300 }));
        Assert.Contains("MTU of eth9, 1300", BackendRegistry.Create(Given.Dual()).RefuseNode(Given.Node with { Mtu = 1300 }));
    }

    [Fact]
    public void F68_random_and_damaged_tunnel_data_never_throws()
    {
        var random = new Random(26);
        var good = new VtepData(1, Given.OwnMac).Write();
        for (var i = 0; i < 50_000; i++)
        {
            byte[] bytes = [.. good];
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"\\\"{}[],:0u"[random.Next(10)];
            var read = VtepData.Read(bytes.AsMemory(0, random.Next(bytes.Length + 1)), "BackendData", out var reason);
            Assert.Equal(read is null, reason.Length > 0);
        }
    }

    private static KernelState Plan(NetworkConfig config, IReadOnlyList<Lease> peers)
    {
        var state = new KernelState();
        var backend = BackendRegistry.Create(config);
        foreach (var peer in peers)
            backend.PlanPeer(peer, Given.Node, [40, 41], state);
        return state;
    }

    private static IPAddress Ip(string text) => IPAddress.Parse(text);

    private static IPNetwork Net(string text) => IPNetwork.Parse(text);
}
