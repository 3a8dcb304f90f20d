using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Reconcile;

/// <summary>Tunnel devices in a real kernel.</summary>
public sealed class DeviceKeeperTests
{
    private static readonly MacAddress Other = Given.Mac("02:00:00:00:00:99");

    [Fact]
    public void A_device_is_made_as_the_originals_and_then_left_alone()
    {
        using var bed = KernelBed.Create();
        var made = bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac);
        Assert.True(made.Changed);
        Assert.Equal(Given.OwnMac, made.Address);
        var link = bed.Socket.FindLink("flannel.1")!;
        Assert.Equal((1450, 0u, "vxlan", false), (link.Mtu, link.TxQueueLength, link.Kind, link.IsUp));
        Assert.Equal(Wanted(bed).Vxlan! with { Port = 8472 }, link.Vxlan);
        Assert.True(bed.Keeper.EnsureAddress(made.Index, IPAddress.Parse("10.5.1.0"), IPNetwork.Parse("10.5.0.0/16")));
        Assert.True(bed.Socket.FindLink("flannel.1")!.IsUp);
        Assert.Equal(made with { Changed = false }, bed.Keeper.Ensure(Wanted(bed), null, Other));
        Assert.False(bed.Keeper.EnsureAddress(made.Index, IPAddress.Parse("10.5.1.0"), IPNetwork.Parse("10.5.0.0/16")));
    }

    [Fact]
    public void A_compatible_device_is_adopted_with_its_MAC_and_Q17_its_MTU_corrected_in_place()
    {
        using var bed = KernelBed.Create();
        bed.Ip($"link add flannel.1 address {Other} mtu 1400 type vxlan id 1 dev eth9 local 192.0.2.1 dstport 8472 nolearning");
        var index = bed.Socket.FindLink("flannel.1")!.Index;
        var kept = bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac);
        Assert.Equal((index, Other, true), (kept.Index, kept.Address, kept.Changed));
        Assert.Equal(1450, bed.Socket.FindLink("flannel.1")!.Mtu);
    }

    [Theory]
    [InlineData("id 2 dev eth9 local 192.0.2.1 dstport 8472 nolearning", "VNI 2")]
    [InlineData("id 1 dev eth9 local 192.0.2.1 dstport 4789 nolearning", "port 4789")]
    [InlineData("id 1 dev eth9 local 192.0.2.1 dstport 8472 learning", "learning")]
    [InlineData("id 1 dev eth9 local 192.0.2.1 dstport 8472 nolearning gbp", "GBP")]
    [InlineData("id 1 dev eth9 local 192.0.2.1 dstport 8472 nolearning l2miss", "miss")]
    [InlineData("id 1 dev eth9 group 239.1.1.1 local 192.0.2.1 dstport 8472 nolearning", "multicast group")]
    public void F43_a_device_that_cannot_serve_is_made_anew_with_the_same_MAC(string options, string difference)
    {
        using var bed = KernelBed.Create();
        bed.Ip($"link add flannel.1 address {Other} type vxlan {options}");
        var kept = bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac);
        Assert.Equal((Other, true), (kept.Address, kept.Changed));
        Assert.Null(DeviceKeeper.Difference(Wanted(bed).Vxlan!, bed.Socket.FindLink("flannel.1")!.Vxlan));
        Assert.Contains(bed.Log.Lines, line => line.Contains(difference, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("dev eth9 local 192.0.2.2", "local address 192.0.2.2")]
    [InlineData("dev eth8 local 192.0.2.1", "underlying interface")]
    [InlineData("dev eth8 local 192.0.2.2", "underlying interface")]
    public void F42_a_device_whose_end_is_elsewhere_is_moved_with_all_that_stands_on_it(string end, string difference)
    {
        using var bed = KernelBed.Create();
        bed.Ip(
            $"link add flannel.1 address {Other} mtu 1450 type vxlan id 1 {end} dstport 8472 nolearning", "link set flannel.1 up", "addr add 10.5.1.0/32 dev flannel.1",
            "route add 10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink", "neigh add 10.5.2.0 lladdr 02:00:00:00:00:02 dev flannel.1 nud permanent");
        var index = bed.Socket.FindLink("flannel.1")!.Index;
        var kept = bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac);
        Assert.Equal((index, Other, true), (kept.Index, kept.Address, kept.Changed));
        Assert.Null(DeviceKeeper.Difference(Wanted(bed).Vxlan!, bed.Socket.FindLink("flannel.1")!.Vxlan));
        Assert.Contains(bed.Log.Lines, line => line.Contains(difference, StringComparison.Ordinal));
        Assert.Contains("10.5.2.0/24 via 10.5.2.0", bed.Read("ip", "route"), StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:02", bed.Read("ip", "neigh", "show", "dev", "flannel.1"), StringComparison.Ordinal);
        Assert.False(bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac).Changed);
    }

    [Fact]
    public void F42_a_device_whose_interface_is_gone_says_so()
    {
        using var bed = KernelBed.Create();
        bed.Ip("link del eth9");
        Assert.Contains("which is gone", Assert.Throws<DeviceException>(() => bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_foreign_device_of_that_name_is_refused_and_stays()
    {
        using var bed = KernelBed.Create();
        bed.Ip("link add flannel.1 type bridge");
        Assert.Contains("bridge", Assert.Throws<DeviceException>(() => bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac)).Message);
        Assert.Equal("bridge", bed.Socket.FindLink("flannel.1")!.Kind);
    }

    [Fact]
    public void F41_a_device_that_was_deleted_renamed_set_down_or_changed_comes_back_with_the_same_MAC_and_all_peers()
    {
        using var bed = KernelBed.Create();
        var (overlay, round, table) = (bed.Overlay(), bed.Round(), Given.Table(Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02")));
        Assert.True(round.Run(overlay, table, verify: true));
        foreach (var damage in new[]
        {
            "link del flannel.1", "link set flannel.1 down", $"link set flannel.1 address {Other}", "link set flannel.1 mtu 1300", "addr flush dev flannel.1",
            "link set flannel.1 name renamed",
        })
        {
            bed.Ip(damage);
            Assert.True(round.Run(overlay, table, verify: true), damage);
            var link = bed.Socket.FindLink("flannel.1")!;
            Assert.Equal((Given.OwnMac, 1450, true), (link.Address, link.Mtu, link.IsUp));
            Assert.Contains("10.5.1.0/32", bed.Read("ip", "addr", "show", "dev", "flannel.1"));
            Assert.Contains("10.5.2.0/24 via 10.5.2.0 dev flannel.1", bed.Read("ip", "route"));
            Assert.Contains("192.0.2.2", bed.Read("bridge", "fdb", "show", "dev", "flannel.1"));
        }
    }

    [Fact]
    public void Only_addresses_of_the_overlay_are_taken_away_and_of_IPv6_all_global_ones()
    {
        using var bed = KernelBed.Create();
        var index = bed.Keeper.Ensure(Wanted(bed), null, Given.OwnMac).Index;
        bed.Ip("addr add 10.5.7.0/32 dev flannel.1", "addr add 10.5.1.0/24 dev flannel.1", "addr add 198.18.0.1/32 dev flannel.1", "addr add fd00:5:0:9::/128 dev flannel.1 nodad", "link set flannel.1 up");
        Assert.True(bed.Keeper.EnsureAddress(index, IPAddress.Parse("10.5.1.0"), IPNetwork.Parse("10.5.0.0/16")));
        Assert.True(bed.Keeper.EnsureAddress(index, IPAddress.Parse("fd00:5:0:1::"), IPNetwork.Parse("fd00:5::/48")));
        Assert.Equal(["10.5.1.0/32", "198.18.0.1/32"], bed.Socket.DumpAddresses(System.Net.Sockets.AddressFamily.InterNetwork, index).Select(entry => $"{entry.Address}/{entry.PrefixLength}").Order());
        Assert.Equal(["fd00:5:0:1::"], bed.Socket.DumpAddresses(System.Net.Sockets.AddressFamily.InterNetworkV6, index).Where(entry => !entry.Address.IsIPv6LinkLocal).Select(entry => entry.Address.ToString()));
    }

    private static DesiredDevice Wanted(KernelBed bed) => new("flannel.1", new(1, bed.Node.LinkIndex, bed.Node.Address, null, 0, false, false), 1450);
}
