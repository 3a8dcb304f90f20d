using System.Net;
using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>An operator's hand on leases: guarded, and right also where an answer is lost.</summary>
public sealed class LeaseEditorTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private const string Key = "10.5.1.0-24";
    private static readonly IPNetwork Network = IPNetwork.Parse("10.5.1.0/24");
    private static readonly IPAddress Host = IPAddress.Parse("192.0.2.1");

    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_delete_whose_answer_is_lost_is_done_and_not_repeated(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var etcdLease = await bed.PutForeignAsync(Key, "192.0.2.1");
        var (editor, lease) = await LookAsync(bed, Losing(bed, "txn"));
        Assert.True(await editor.DeleteAsync(lease, bed.Limit));
        Assert.Null(await bed.ReadAsync(Key));
        Assert.Equal(-1, (await bed.Store.TimeToLiveAsync(etcdLease, bed.Limit)).TtlSeconds);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_delete_that_never_arrived_fails_and_one_of_a_changed_key_does_nothing(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync(Key, "192.0.2.1");
        var lost = new FaultyStore(bed.Store) { Before = (call, _) => FaultyStore.If(call == "txn", FaultyStore.Lost) };
        var (editor, lease) = await LookAsync(bed, lost);
        await Assert.ThrowsAsync<StoreException>(() => editor.DeleteAsync(lease, bed.Limit));
        await bed.PutForeignAsync(Key, "192.0.2.2");
        Assert.False(await editor.DeleteAsync(lease, bed.Limit));
        Assert.False(await new LeaseEditor(bed.Store, bed.Keys.Prefix).DeleteAsync(lease, bed.Limit));
        Assert.NotNull(await bed.ReadAsync(Key));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Pinned_and_unpinned_it_says_the_same_and_no_etcd_lease_is_left_over(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var first = await bed.PutForeignAsync(Key, "192.0.2.1");
        var (editor, lease) = await LookAsync(bed, Losing(bed, "txn"));
        var before = (await bed.ReadAsync(Key))!.Value.ToArray();
        var pinned = await editor.PinAsync(lease, bed.Limit);
        Assert.Equal(0, (await bed.ReadAsync(Key))!.LeaseId);
        Assert.Equal((await bed.ReadAsync(Key))!.ModRevision, pinned!.ModRevision);
        Assert.Equal(-1, (await bed.Store.TimeToLiveAsync(first, bed.Limit)).TtlSeconds);
        var unpinned = await editor.UnpinAsync(pinned, bed.Limit);
        Assert.Equal(LeaseEditor.LeaseSeconds, (await bed.Store.TimeToLiveAsync(unpinned!.EtcdLeaseId, bed.Limit)).GrantedTtlSeconds);
        Assert.Equal(before, (await bed.ReadAsync(Key))!.Value.ToArray());
        Assert.Null(await editor.PinAsync(lease, bed.Limit));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task An_etcd_lease_granted_in_vain_is_revoked(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync(Key, StoreBed.Value("192.0.2.1"));
        var (_, lease) = await LookAsync(bed, bed.Store);
        await bed.PutAsync(Key, StoreBed.Value("192.0.2.2"));
        var revoked = 0;
        var store = new FaultyStore(bed.Store) { After = (call, _) => revoked += call == "revoke" ? 1 : 0 };
        Assert.Null(await new LeaseEditor(store, bed.Keys.Prefix).UnpinAsync(lease, bed.Limit));
        Assert.Equal(1, revoked);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_reservation_is_guarded_against_what_came_since_the_look(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await ConfigureAsync(bed);
        var maker = new ReservationMaker(bed.Store, bed.Keys.Prefix);
        var plan = await maker.PlanAsync(Network, null, Host, bed.Limit);
        Assert.Equal(ReservationOutcome.Create, plan.Outcome);
        await bed.PutForeignAsync("10.5.1.128-25", "192.0.2.2");    // another key, but a part of the same subnet
        Assert.Null(await maker.ApplyAsync(plan, Host, bed.Limit));
        Assert.Null(await bed.ReadAsync(Key));
        Assert.Equal(ReservationOutcome.Taken, (await maker.PlanAsync(Network, null, Host, bed.Limit)).Outcome);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_reservation_whose_answer_is_lost_is_recognised(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await ConfigureAsync(bed);
        var maker = new ReservationMaker(Losing(bed, "txn"), bed.Keys.Prefix);
        var reserved = await maker.ApplyAsync(await maker.PlanAsync(Network, null, Host, bed.Limit), Host, bed.Limit);
        Assert.Equal((await bed.ReadAsync(Key))!.ModRevision, reserved!.ModRevision);
        Assert.Equal("""{"PublicIP":"192.0.2.1","PublicIPv6":null}""", Encoding.UTF8.GetString((await bed.ReadAsync(Key))!.Value.Span));
        Assert.Equal(ReservationOutcome.Stands, (await maker.PlanAsync(Network, null, Host, bed.Limit)).Outcome);
    }

    [Theory]
    [InlineData("10.6.1.0/24", "NotInNetwork")]
    [InlineData("10.5.0.0/24", "NotInNetwork")]
    [InlineData("10.5.255.0/24", "Create")]
    [InlineData("10.5.4.0/23", "NotInNetwork")]
    [InlineData("0.0.0.0/0", "NotInNetwork")]
    public async Task Only_what_the_network_gives_is_reserved(string subnet, string outcome)
    {
        await using var bed = StoreBed.Open(StoreBed.Local, etcd);
        await ConfigureAsync(bed);
        var plan = await new ReservationMaker(bed.Store, bed.Keys.Prefix).PlanAsync(IPNetwork.Parse(subnet), null, Host, bed.Limit);
        Assert.Equal(outcome, plan.Outcome.ToString());
        Assert.Equal(plan.Outcome == ReservationOutcome.Create, plan.Reason.Length == 0);
    }

    private static Task<long> ConfigureAsync(StoreBed bed)
        => bed.Store.PutAsync(bed.Keys.Config, Encoding.UTF8.GetBytes("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}"""), 0, bed.Limit);

    private static async Task<(LeaseEditor Editor, Lease Lease)> LookAsync(StoreBed bed, IStore store)
    {
        var editor = new LeaseEditor(store, bed.Keys.Prefix);
        return (editor, Assert.Single(await editor.FindAsync(Network, bed.Limit)));
    }

    /// <summary>The store does it, and the caller does not hear of it.</summary>
    private static FaultyStore Losing(StoreBed bed, string call)
        => new(bed.Store) { After = (name, _) => FaultyStore.If(name == call, FaultyStore.Lost) };
}
