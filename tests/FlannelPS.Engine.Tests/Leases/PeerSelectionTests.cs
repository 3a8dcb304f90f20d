using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Which leases are believed. Each case stands beside a good peer, which must stay.</summary>
public sealed class PeerSelectionTests
{
    private static readonly Lease Good = Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02");

    [Theory]
    [InlineData("10.6.1.0-24", "not inside")]
    [InlineData("0.0.0.0-0", "not inside")]
    [InlineData("10.0.0.0-8", "not inside")]
    [InlineData("127.0.0.0-24", "not inside")]
    [InlineData("224.0.0.0-24", "not inside")]
    [InlineData("10.5.3.0-25", "length 24")]
    [InlineData("10.5.4.0-23", "length 24")]
    [InlineData("10.5.0.0-16", "length 24")]
    [InlineData("10.5.200.0-24", "connected to 10.5.200.0/22")]
    public void F67_Q44_L12_a_subnet_that_cannot_be_a_peers_is_refused(string key, string reason)
        => Refused(Given.Peer(key, "192.0.2.3", "02:00:00:00:00:03"), reason);

    [Fact]
    public void F67_our_own_subnet_in_another_form_is_refused_and_our_own_lease_is_no_peer()
    {
        Refused(Given.Peer("10.5.1.0-24&fd00:5:0:9::-64", "192.0.2.3", "02:00:00:00:00:03"), "our own subnet");
        var (peers, refused) = Overlay().Select(Given.Table(Good, Given.Peer("10.5.1.0-24", "192.0.2.1", "02:00:00:00:00:01")));
        Assert.Equal([Good], peers);
        Assert.Empty(refused);
    }

    [Theory]
    [InlineData("0.0.0.0", "no public IP")]
    [InlineData("192.0.2.1", "our own")]
    [InlineData("127.0.0.1", "no host's address")]
    [InlineData("224.0.0.5", "no host's address")]
    [InlineData("239.255.255.255", "no host's address")]
    [InlineData("255.255.255.255", "no host's address")]
    [InlineData("10.5.2.7", "a tunnel in itself")]
    public void F68_Q44_a_public_IP_that_cannot_be_a_peers_is_refused(string publicIp, string reason)
        => Refused(Given.Peer("10.5.3.0-24", publicIp, "02:00:00:00:00:03"), reason);

    [Theory]
    [InlineData("""{"VNI":1,"VtepMAC":"00:00:00:00:00:00"}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"ff:ff:ff:ff:ff:ff"}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"01:00:5e:00:00:01"}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"02:00:00:00:03"}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"02:00:00:00:00:03:02:00:00:00:00:03:02:00:00:00:00:03:02:00"}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":7}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":{}}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"\ud800"}""", "VtepMAC")]
    [InlineData("""{"\ud800":1,"VNI":1,"VtepMAC":"02:00:00:00:00:03"}""", "JSON")]
    [InlineData("""{"VNI":1}""", "VtepMAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}""", "our own")]
    [InlineData("""{"VNI":2,"VtepMAC":"02:00:00:00:00:03"}""", "VNI is 2, ours is 1")]
    [InlineData("""{"VtepMAC":"02:00:00:00:00:03"}""", "VNI is 0")]
    [InlineData("""{"VNI":"1","VtepMAC":"02:00:00:00:00:03"}""", "VNI")]
    [InlineData("""{"VNI":1e99,"VtepMAC":"02:00:00:00:00:03"}""", "VNI")]
    [InlineData("""{"VNI":-1,"VtepMAC":"02:00:00:00:00:03"}""", "VNI")]
    [InlineData("[]", "VNI and VtepMAC")]
    [InlineData("\"text\"", "VNI and VtepMAC")]
    [InlineData("", "VNI and VtepMAC")]
    public void F68_a_tunnel_end_that_cannot_be_a_peers_is_refused(string data, string reason)
        => Refused(Given.Lease("10.5.3.0-24", new(IPAddress.Parse("192.0.2.3"), null, "vxlan", System.Text.Encoding.UTF8.GetBytes(data), default)), reason);

    [Theory]
    [InlineData("host-gw")]
    [InlineData("VXLAN")]
    [InlineData("")]
    public void A_peer_of_another_backend_is_refused(string type)
        => Refused(Given.Lease("10.5.3.0-24", new(IPAddress.Parse("192.0.2.3"), null, type, default, default)), "ours is vxlan");

    [Fact]
    public void F67_of_two_overlapping_leases_the_older_one_wins_whoever_wrote_last()
    {
        var older = Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03", created: 20, modified: 20);
        var newer = Given.Peer("10.5.3.0-24&fd00:5:0:3::-64", "192.0.2.4", "02:00:00:00:00:04", created: 21, modified: 90, publicV6: "2001:db8::4", macV6: "02:00:00:00:06:04");
        foreach (var table in new[] { Given.Table(Good, older, newer), Given.Table(newer, older, Good) })
        {
            var (peers, refused) = Overlay().Select(table);
            Assert.Equal([Good, older], peers);
            Assert.Contains("10.5.3.0/24 of 192.0.2.3 is older", Assert.Single(refused).Reason);
        }
    }

    [Fact]
    public void F67_an_overlap_of_the_IPv6_halves_alone_counts_too()
    {
        var older = Given.Peer("10.5.3.0-24&fd00:5:0:3::-64", "192.0.2.3", "02:00:00:00:00:03", 20, publicV6: "2001:db8::3", macV6: "02:00:00:00:06:03");
        var newer = Given.Peer("10.5.4.0-24&fd00:5:0:3::-64", "192.0.2.4", "02:00:00:00:00:04", 21, publicV6: "2001:db8::4", macV6: "02:00:00:00:06:04");
        Assert.Equal([older], Overlay(Given.Dual(), "10.5.1.0-24&fd00:5:0:1::-64").Select(Given.Table(older, newer)).Peers);
    }

    [Fact]
    public void F47_of_two_hosts_with_one_MAC_the_newer_lease_is_programmed_and_both_are_told()
    {
        var older = Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03", created: 20, modified: 50);
        var newer = Given.Peer("10.5.4.0-24", "192.0.2.4", "02:00:00:00:00:03", created: 19, modified: 60);
        var (peers, refused) = Overlay().Select(Given.Table(Good, older, newer));
        Assert.Equal([Good, newer], peers);
        var told = Assert.Single(refused);
        Assert.Equal(older.Key, told.Key);
        Assert.Contains("02:00:00:00:00:03 is claimed by 10.5.4.0/24 of 192.0.2.4", told.Reason);
    }

    [Fact]
    public void F47_one_MAC_of_two_IPv6_devices_is_told_too_and_one_host_may_hold_two_subnets()
    {
        var older = Given.Peer("10.5.3.0-24&fd00:5:0:3::-64", "192.0.2.3", "02:00:00:00:00:03", 20, publicV6: "2001:db8::3", macV6: "02:00:00:00:06:03");
        var newer = Given.Peer("10.5.4.0-24&fd00:5:0:4::-64", "192.0.2.4", "02:00:00:00:00:04", 21, publicV6: "2001:db8::4", macV6: "02:00:00:00:06:03");
        Assert.Equal([newer], Overlay(Given.Dual(), "10.5.1.0-24&fd00:5:0:1::-64").Select(Given.Table(older, newer)).Peers);
        var second = Given.Peer("10.5.5.0-24", "192.0.2.2", "02:00:00:00:00:02", 22);
        Assert.Equal([Good, second], Overlay().Select(Given.Table(Good, second)).Peers);
    }

    [Fact]
    public void Q6_a_dual_stack_peer_is_an_IPv4_peer_in_an_IPv4_network_whatever_its_other_half_says()
    {
        var dual = Given.Peer("10.5.3.0-24&fd99::-64", "192.0.2.3", "02:00:00:00:00:03", 20, publicV6: "::1");
        var (peers, refused) = Overlay().Select(Given.Table(Good, dual));
        Assert.Equal([Good, dual], peers);
        Assert.Empty(refused);
    }

    [Theory]
    [InlineData("fd99::-64", "2001:db8::3", "not inside the network fd00:5::/48")]
    [InlineData("fd00:5:0:3::-72", "2001:db8::3", "length 64")]
    [InlineData("fd00:5:0:3::-64", "2001:db8::1", "our own")]
    [InlineData("fd00:5:0:3::-64", "::", "no public IP")]
    [InlineData("fd00:5:0:3::-64", "::1", "no host's address")]
    [InlineData("fd00:5:0:3::-64", "ff02::1", "no host's address")]
    [InlineData("fd00:5:0:3::-64", "fd00:5::7", "a tunnel in itself")]
    [InlineData("fd00:5:0:3::-64", "198.18.0.9", "no IPv6 address")]
    public void F67_F68_the_IPv6_half_is_checked_in_a_dual_stack_network(string half, string publicV6, string reason)
    {
        var good = Given.Peer("10.5.2.0-24&fd00:5:0:2::-64", "192.0.2.2", "02:00:00:00:00:02", publicV6: "2001:db8::2", macV6: "02:00:00:00:06:02");
        var bad = Given.Peer("10.5.3.0-24&" + half, "192.0.2.3", "02:00:00:00:00:03", publicV6: publicV6, macV6: "02:00:00:00:06:03");
        var (peers, refused) = Overlay(Given.Dual(), "10.5.1.0-24&fd00:5:0:1::-64").Select(Given.Table(good, bad));
        Assert.Equal([good], peers);
        Assert.Contains(reason, Assert.Single(refused).Reason);
    }

    private static void Refused(Lease bad, string reason)
    {
        var (peers, refused) = Overlay().Select(Given.Table(Good, bad));
        Assert.Equal([Good], peers);
        var told = Assert.Single(refused);
        Assert.Equal(bad.Key, told.Key);
        Assert.Contains(reason, told.Reason);
    }

    private static Overlay Overlay(NetworkConfig? config = null, string own = "10.5.1.0-24")
        => new(config ?? Given.Config(), BackendRegistry.Create(config ?? Given.Config()), Given.Node, Given.Subnet(own),
            new(Given.OwnMac, config?.IPv6 is null ? null : Given.OwnMacV6), [IPNetwork.Parse("10.5.200.0/22")]);
}
