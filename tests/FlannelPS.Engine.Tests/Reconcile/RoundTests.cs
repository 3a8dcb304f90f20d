using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Reconcile;

/// <summary>Rounds in a real kernel.</summary>
public sealed class RoundTests
{
    private static readonly Lease Peer = Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02");

    [Fact]
    public void Peers_are_programmed_and_a_second_round_finds_nothing_to_do()
    {
        using var bed = KernelBed.Create();
        var (overlay, round) = (bed.Overlay(), bed.Round());
        Assert.True(round.Run(overlay, Given.Table(Peer), verify: true));
        Assert.Contains("10.5.2.0/24 via 10.5.2.0 dev flannel.1 proto 70 onlink", Words(bed.Read("ip", "route")));
        Assert.Contains("10.5.2.0 dev flannel.1 lladdr 02:00:00:00:00:02 PERMANENT", Words(bed.Read("ip", "neigh")));
        Assert.Contains("02:00:00:00:00:02 dst 192.0.2.2 self permanent", Words(bed.Read("bridge", "fdb", "show", "dev", "flannel.1")));
        Assert.Equal(0, Pending(bed, overlay, Given.Table(Peer)).Count);
        Assert.True(bed.Round().Run(overlay, Given.Table(Peer), verify: true));
        Assert.Equal(0, round.Status.Repairs);
    }

    [Fact]
    public void What_somebody_else_changed_is_counted_by_its_kind_and_what_we_changed_ourselves_is_not()
    {
        using var bed = KernelBed.Create();
        var (overlay, round) = (bed.Overlay(), bed.Round());
        Assert.True(round.Run(overlay, Given.Table(Peer), verify: true));
        Assert.True(round.Run(overlay, Given.Table(Peer, Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03")), verify: true));
        Assert.Equal(RepairCounts.None, round.Status.RepairsByKind);
        bed.Ip("route del 10.5.2.0/24", "neigh del 10.5.2.0 dev flannel.1", "neigh del 10.5.3.0 dev flannel.1", "link set flannel.1 mtu 1400");
        bed.Read("bridge", "fdb", "del", "02:00:00:00:00:02", "dev", "flannel.1");
        Assert.True(round.Run(overlay, Given.Table(Peer, Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03")), verify: true));
        Assert.Equal(new(Devices: 1, Neighbors: 2, Fdb: 1, Nexthops: 0, Routes: 1), round.Status.RepairsByKind);
        Assert.Equal(4, round.Status.Repairs);
        round.Fail("no memory", TimeSpan.FromSeconds(1));
        Assert.True(round.Run(bed.Overlay(Given.Config()), Given.Table(Peer), verify: true));
        Assert.Equal((1, 4, 4), (round.Status.FailedRounds, round.Status.Rounds, round.Status.Times.Counts.Sum()));
        Assert.Equal(new(Devices: 1, Neighbors: 2, Fdb: 1, Nexthops: 0, Routes: 1), round.Status.RepairsByKind);
    }

    [Fact]
    public void Both_families_and_direct_routes_are_programmed()
    {
        using var bed = KernelBed.Create();
        var dual = Given.Peer("10.5.2.0-24&fd00:5:0:2::-64", "192.0.2.2", "02:00:00:00:00:02", publicV6: "2001:db8::2", macV6: "02:00:00:00:06:02");
        var overlay = bed.Overlay(Given.Dual());
        Assert.True(bed.Round().Run(overlay, Given.Table(dual), verify: true));
        Assert.Contains("fd00:5:0:2::/64 via fd00:5:0:2:: dev flannel-v6.1", Words(bed.Read("ip", "-6", "route")));
        Assert.Equal(0, Pending(bed, overlay, Given.Table(dual)).Count);

        var direct = bed.Overlay(Given.Config("""{"Type":"vxlan","DirectRouting":true}"""));
        Assert.True(bed.Round().Run(direct, Given.Table(Peer), verify: true));
        Assert.Contains("10.5.2.0/24 via 192.0.2.2 dev eth9 proto 70", Words(bed.Read("ip", "route")));
        Assert.DoesNotContain("02:00:00:00:00:02", bed.Read("bridge", "fdb", "show", "dev", "flannel.1"));
    }

    [Fact]
    public void A_thousand_peers_go_through_nexthop_objects_and_few_by_plain_routes_again()
    {
        using var bed = KernelBed.Create();
        var config = Given.Read("""{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}""");
        var overlay = bed.Overlay(config);
        var round = bed.Round();
        Assert.True(round.Run(overlay, Given.Peers(1000), verify: true));
        Assert.Equal((999, 999), (Lines(bed.Read("ip", "route", "show", "proto", "70")), Lines(bed.Read("ip", "nexthop", "show", "proto", "70"))));
        Assert.Equal(0, Pending(bed, overlay, Given.Peers(1000)).Count);
        Assert.True(bed.Round().Run(overlay, Given.Peers(400), verify: true));
        Assert.Equal((399, 399), (Lines(bed.Read("ip", "route", "show", "proto", "70")), Lines(bed.Read("ip", "nexthop", "show", "proto", "70"))));
        Assert.True(round.Run(overlay, Given.Peers(200), verify: true));
        Assert.Equal((199, 0), (Lines(bed.Read("ip", "route", "show", "proto", "70")), Lines(bed.Read("ip", "nexthop", "show", "proto", "70"))));
        Assert.Equal(0, Pending(bed, overlay, Given.Peers(200)).Count);
    }

    [Fact]
    public void F43_I4_nothing_goes_before_the_first_whole_list_then_stale_entries_go_and_foreign_ones_stay()
    {
        using var bed = KernelBed.Create();
        var overlay = bed.Overlay();
        bed.Round().Run(overlay, Given.Table(Peer, Given.Peer("10.5.3.0-24", "192.0.2.3", "02:00:00:00:00:03")), verify: true);
        bed.Ip(
            "route add 10.5.4.0/24 via 10.5.4.0 dev flannel.1 onlink",
            "route add 10.5.77.0/24 via 192.0.2.77 dev eth9 proto static",
            "route add 203.0.113.0/24 via 192.0.2.78 dev eth9",
            "route add 10.5.78.0/25 via 192.0.2.78 dev eth9",
            "neigh add 192.0.2.79 lladdr 02:00:00:00:00:79 dev eth9 nud permanent",
            "nexthop add id 7 via 192.0.2.80 dev eth9");
        var before = bed.Read("ip", "route");
        var round = bed.Round();
        Assert.True(round.Run(overlay, Given.Table(Peer) with { IsComplete = false }, verify: true));
        Assert.Equal(before, bed.Read("ip", "route"));
        Assert.False(round.Status.IsProgrammed);

        Assert.True(round.Run(overlay, Given.Table(Peer), verify: false));
        Assert.True(round.Status.IsProgrammed);
        var routes = bed.Read("ip", "route");
        Assert.DoesNotContain("10.5.3.0", routes);
        Assert.DoesNotContain("10.5.4.0", routes);
        foreach (var foreign in new[] { "10.5.77.0/24", "203.0.113.0/24", "10.5.78.0/25", "192.0.2.0/24", "10.5.2.0/24" })
            Assert.Contains(foreign, routes);
        Assert.DoesNotContain("02:00:00:00:00:03", bed.Read("ip", "neigh") + bed.Read("bridge", "fdb", "show", "dev", "flannel.1"));
        Assert.Contains("192.0.2.79", bed.Read("ip", "neigh"));
        Assert.Contains("id 7", bed.Read("ip", "nexthop"));
    }

    [Fact]
    public void What_the_original_left_is_taken_over_without_a_write_and_goes_with_its_peer()
    {
        using var bed = KernelBed.Create();
        var (overlay, round) = (bed.Overlay(), bed.Round());
        round.Run(overlay, Given.Table(), verify: true);
        bed.Ip("route add 10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink", "neigh add 10.5.2.0 lladdr 02:00:00:00:00:02 dev flannel.1 nud permanent");
        // Not by bridge(8), which adds NUD_NOARP; the original does not.
        bed.Socket.Execute(FdbRequest.Replace(new(bed.Socket.FindLink("flannel.1")!.Index, Given.Mac("02:00:00:00:00:02"), IPAddress.Parse("192.0.2.2"))));
        var after = bed.Round();
        var pending = Pending(bed, overlay, Given.Table(Peer));
        Assert.Empty(pending.PutRoutes);
        Assert.Empty(pending.PutNeighbors);
        Assert.Empty(pending.PutFdb);
        Assert.Equal(0, pending.Count);
        Assert.True(after.Run(overlay, Given.Table(Peer), verify: true));
        Assert.DoesNotContain("proto 70", bed.Read("ip", "route"));
        // The round that a lease asks for does not read the kernel first.
        Assert.True(after.Run(overlay, Given.Table(), verify: false));
        Assert.DoesNotContain("10.5.2.0", bed.Read("ip", "route"));
    }

    [Fact]
    public void An_object_that_the_kernel_refuses_holds_up_nothing_else_and_is_put_when_it_can_be()
    {
        using var bed = KernelBed.Create();
        var overlay = bed.Overlay(Given.Config("""{"Type":"host-gw"}"""));
        var round = bed.Round();
        var far = Lease("10.5.9.0-24", "198.18.0.9");
        Assert.False(round.Run(overlay, Given.Table(far, Lease("10.5.2.0-24", "192.0.2.2"), Lease("10.5.3.0-24", "192.0.2.3")), verify: true));
        Assert.Equal(2, Lines(bed.Read("ip", "route", "show", "proto", "70")));
        var failed = Assert.Single(round.Status.Failed);
        Assert.Equal(IPNetwork.Parse("10.5.9.0/24"), failed.Key);
        Assert.Contains("10.5.9.0/24", failed.Reason);
        bed.Ip("addr add 198.18.0.1/24 dev eth9");
        Assert.True(round.Run(overlay, Given.Table(far, Lease("10.5.2.0-24", "192.0.2.2"), Lease("10.5.3.0-24", "192.0.2.3")), verify: false));
        Assert.Equal(3, Lines(bed.Read("ip", "route", "show", "proto", "70")));
        Assert.Empty(round.Status.Failed);
    }

    [Fact]
    public void F66_a_peer_with_hostile_data_spoils_no_round()
    {
        using var bed = KernelBed.Create();
        var hostile = Given.Lease("10.5.3.0-24", new(IPAddress.Parse("192.0.2.3"), null, "vxlan", """{"\ud800":1,"VNI":1,"VtepMAC":"02:00:00:00:00:03"}"""u8.ToArray(), default));
        var round = bed.Round();
        Assert.True(round.Run(bed.Overlay(), Given.Table(hostile, Peer), verify: true));
        Assert.Equal([Peer], round.Status.Peers);
        Assert.Single(round.Status.Refused);
    }

    private static ChangeSet Pending(KernelBed bed, Overlay overlay, LeaseTable table)
    {
        List<int> devices = [.. overlay.Backend.Devices(overlay.Node).Select(device => bed.Socket.FindLink(device.Name)!.Index)];
        var present = KernelReader.Read(bed.Socket, devices, overlay.Config.IPv6 is not null);
        var wanted = overlay.Plan(overlay.Select(table).Peers, devices);
        NexthopAssignment.Assign(wanted, present);
        return StateDiff.Of(wanted, present, Ownership.Of(overlay.Config, devices, overlay.Node.LinkIndex));
    }

    private static Lease Lease(string key, string publicIp) => Given.Lease(key, new(IPAddress.Parse(publicIp), null, "host-gw", default, default));

    private static int Lines(string text) => text.Count(character => character == '\n');

    private static string Words(string text) => string.Join('\n', text.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
}
