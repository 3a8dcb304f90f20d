using System.Net;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>What is known of the network before the store answers, and how long it counts.</summary>
public sealed class SavedNetworkTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Boot = Guid.NewGuid();
    private readonly string _root = Directory.CreateTempSubdirectory("flannelps-").FullName;
    private readonly LogLines _log = new();

    public void Dispose() => Directory.Delete(_root, true);

    [Fact]
    public void F03_the_leases_come_back_as_they_were_marked_as_saved()
    {
        var table = Given.Table(
            Given.Peer("10.5.2.0-24", "192.0.2.2", "02:00:00:00:00:02", 10, 12),
            Given.Peer("10.5.3.0-24&fd00:5:0:3::-64", "192.0.2.3", "02:00:00:00:00:03", 11, 11, "2001:db8::3", "02:00:00:00:06:03"));
        Open().SaveNetwork(SavedNetwork.Of("{}", Noon, table));
        var read = Open().ReadNetwork()!;
        Assert.Equal(("{}", Noon), (read.Config, read.Seen));
        var again = read.ToTable(new("/n"));
        Assert.True(again is { IsSaved: true, IsComplete: true });
        Assert.Equal(table.Leases.Keys.Order(), again.Leases.Keys.Order());
        foreach (var (key, lease) in table.Leases)
        {
            var saved = again.Leases[key];
            Assert.Equal((lease.CreateRevision, lease.ModRevision, lease.EtcdLeaseId, lease.Subnet), (saved.CreateRevision, saved.ModRevision, saved.EtcdLeaseId, saved.Subnet));
            Assert.Equal(LeaseValue.Write(lease.Attributes), LeaseValue.Write(saved.Attributes));
        }
    }

    [Fact]
    public void F63_what_cannot_be_is_left_out_and_the_rest_is_read()
    {
        SavedPeer good = new("/n/subnets/10.5.2.0-24", """{"PublicIP":"192.0.2.2"}""", 7, 5, 5);
        var table = new SavedNetwork("{}", Noon, [good, null!, good with { Key = null! }, good with { Value = null! }, good with { Key = "/other/subnets/10.5.4.0-24" }, good with { Key = "/n/subnets/junk" }, good with { Key = "/n/subnets/10.5.5.0-24", Value = "{" }])
            .ToTable(new("/n"));
        Assert.Equal(["/n/subnets/10.5.2.0-24"], table.Leases.Keys);
        Assert.Empty(new SavedNetwork("{}", Noon, null!).ToTable(new("/n")).Leases);
    }

    [Fact]
    public void F69_a_flood_of_leases_is_saved_within_its_limit_and_read_again()
    {
        var peers = Enumerable.Range(0, LeaseTable.Maximum).Select(i => Given.Lease(
            $"10.{i >> 8 & 255}.{i & 255}.{(i >> 16) * 128}-25", new(IPAddress.Parse("192.0.2.2"), null, "vxlan", System.Text.Encoding.ASCII.GetBytes($$"""{"VNI":1,"VtepMAC":"02:00:00:00:00:02","x":"{{new string('y', 640)}}"}"""), default))).ToList();
        Open().SaveNetwork(SavedNetwork.Of("{}", Noon, Given.Table(peers)));
        Assert.InRange(new FileInfo(Path.Join(_root, "blue", "network")).Length, 1, StateFolder.MaxPeersLength);
        Assert.Equal(LeaseTable.Maximum, Open().ReadNetwork()!.ToTable(new("/n")).Leases.Count);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("Ignored", StringComparison.Ordinal));
    }

    [Fact]
    public void A_longer_value_than_any_lease_has_is_not_saved()
    {
        var big = Given.Lease("10.5.2.0-24", new(IPAddress.Parse("192.0.2.2"), null, new string('x', 2000), default, default));
        Assert.Empty(SavedNetwork.Of("{}", Noon, Given.Table(big)).Leases);
    }

    public static TheoryData<bool, int, int, int?> Ages => new()
    {
        // same boot, seconds of the wall clock and since boot later -> age
        { true, 50, 50, 50 },
        { true, -86_400, 50, 50 },
        { true, 86_400, 50, 50 },
        { false, 50, -1000, 50 },
        { false, -50, 10, null },
    };

    [Theory]
    [MemberData(nameof(Ages))]
    public void F23_F27_age_is_told_by_the_clock_since_boot_and_by_the_wall_clock_only_after_a_reboot(bool sameBoot, int wall, int sinceBoot, int? age)
    {
        var life = new SavedLife(100, Noon, Boot, 5000);
        var told = life.Age(Noon.AddSeconds(wall), sameBoot ? Boot : Guid.NewGuid(), TimeSpan.FromSeconds(5000 + sinceBoot));
        Assert.Equal(age, (int?)told?.TotalSeconds);
    }

    private StateFolder Open() => new(Path.Join(_root, "blue"), _log, "0123456789abcdef0123456789abcdef");
}
