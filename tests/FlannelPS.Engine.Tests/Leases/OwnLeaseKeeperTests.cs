using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>How a node keeps what it has, against real stores, with the watch of all leases beside it as in the daemon.</summary>
public sealed class OwnLeaseKeeperTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private const string Key = "10.5.3.0-24";
    private const string OurIp = "192.0.2.1";

    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task F02_a_lease_outlives_its_time_as_long_as_it_is_kept_and_is_written_once(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 3);
        var key = (await bed.ReadAsync(Key))!;
        var until = DateTime.UtcNow.AddSeconds(5);
        await bed.UntilAsync(() => DateTime.UtcNow > until);
        Assert.Equal((key.ModRevision, key.LeaseId), ((await bed.ReadAsync(Key))!.ModRevision, (await bed.ReadAsync(Key))!.LeaseId));
        Assert.Equal(LeasePhase.Held, node.State.Phase);
        Assert.InRange(node.State.Expires!.Value, DateTimeOffset.UtcNow.AddSeconds(0.5), DateTimeOffset.UtcNow.AddSeconds(3.5));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F20_a_deleted_key_and_a_revoked_lease_are_written_again_with_the_same_subnet(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        await bed.DeleteAsync(Key);
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is not null && node.State.Phase == LeasePhase.Held && node.Phases.Contains(LeasePhase.Lost));
        var first = (await bed.ReadAsync(Key))!;
        await bed.UntilAsync(() => node.State.Held!.ModRevision == first.ModRevision);
        Assert.Equal(first.LeaseId, node.State.Held!.EtcdLeaseId);
        Assert.True((await bed.Store.TimeToLiveAsync(first.LeaseId, bed.Limit)).TtlSeconds > 0);

        await bed.Store.RevokeAsync(first.LeaseId, bed.Limit);
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is { } again && again.LeaseId != first.LeaseId && node.State.Held!.EtcdLeaseId == again.LeaseId);
        Assert.Equal(LeasePhase.Held, node.State.Phase);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F20_a_key_that_is_deleted_in_the_moment_the_store_fails_is_written_again_all_the_same(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        var failures = 0;
        // The list that the keeper reads upon the deletion fails; the etcd lease without its key lives on.
        node.Faulty.Before = (call, key) => FaultyStore.If(call == "range" && key == bed.Keys.SubnetPrefix && failures++ < 2, FaultyStore.Unreachable);
        await bed.DeleteAsync(Key);
        await bed.UntilAsync(() => failures > 2);
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is { } again && node.State is { Phase: LeasePhase.Held } state && state.Held!.ModRevision == again.ModRevision);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F21_L4_an_overwritten_key_is_a_conflict_and_never_written_until_it_is_gone(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 3);
        var foreign = await bed.PutForeignAsync(Key, "192.0.2.9");
        var start = (await bed.ReadAsync(Key))!.ModRevision;
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Contains("192.0.2.9", node.State.Reason);
        // An operator looks again, with the store failing in between, and renewals come due: the foreign key stays as it is.
        var failures = 0;
        node.Faulty.Before = (_, _) => FaultyStore.If(failures++ < 1, FaultyStore.Unreachable);
        node.Keeper.Repair();
        var until = DateTime.UtcNow.AddSeconds(4);
        await bed.UntilAsync(() => DateTime.UtcNow > until);
        Assert.Equal(LeasePhase.Conflict, node.State.Phase);
        Assert.Empty(await bed.HistoryAsync(start));
        Assert.Equal(foreign, (await bed.ReadAsync(Key))!.LeaseId);

        await bed.DeleteAsync(Key);
        await bed.UntilAsync(async () => node.State.Phase == LeasePhase.Held && await bed.ReadAsync(Key) is { } ours && ours.LeaseId == node.State.Held!.EtcdLeaseId);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_repair_that_is_waited_for_tells_how_it_stands_then(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        var before = node.State.Held!.ModRevision;
        Assert.Equal((LeasePhase.Held, before), await RepairAsync());

        // Gone unseen: it is there again when the repair has returned.
        node.Faulty.WatchesBroken = true;
        await bed.DeleteAsync(Key);
        var (phase, revision) = await RepairAsync();
        Assert.Equal((LeasePhase.Held, (await bed.ReadAsync(Key))!.ModRevision), (phase, revision));
        Assert.NotEqual(before, revision);

        node.Faulty.Before = (_, _) => FaultyStore.If(true, FaultyStore.Unreachable);
        Assert.Equal(LeasePhase.StoreUnreachable, (await RepairAsync()).Phase);

        async Task<(LeasePhase Phase, long Revision)> RepairAsync()
        {
            var state = await node.Keeper.RepairAsync().WaitAsync(bed.Limit);
            return (state.Phase, state.Held!.ModRevision);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F21_a_key_overwritten_with_junk_is_a_conflict_too(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        await bed.PutAsync(Key, "junk");
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Contains("no lease", node.State.Reason);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F21_a_subnet_that_was_lost_and_is_overlapped_now_is_a_conflict(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        node.Faulty.WatchesBroken = true;
        await bed.DeleteAsync(Key);
        await bed.PutForeignAsync("10.5.3.128-25", "192.0.2.9");
        node.Faulty.WatchesBroken = false;
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Contains("10.5.3.128/25", node.State.Reason);
        Assert.Null(await bed.ReadAsync(Key));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F25_L6_a_reservation_made_by_hand_is_adopted_and_its_end_is_seen(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        await bed.PutAsync(Key, $$"""{"PublicIP":"{{OurIp}}"}""");
        await bed.UntilAsync(() => node.State is { Phase: LeasePhase.Held, Expires: null, Held.IsReservation: true });
        var key = (await bed.ReadAsync(Key))!;
        Assert.Equal((0, StoreBed.Value(OurIp)), (key.LeaseId, Encoding.UTF8.GetString(key.Value.Span)));
        Assert.Equal(key.ModRevision, node.State.Held!.ModRevision);

        var lease = await bed.Store.GrantAsync(30, bed.Limit);
        await bed.PutAsync(Key, StoreBed.Value(OurIp), lease.Id);
        await bed.UntilAsync(() => node.State.Held!.EtcdLeaseId == lease.Id && node.State.Expires is not null);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F02_I3_a_lease_that_expired_while_the_store_was_away_is_written_again(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 2);
        node.Faulty.Away = true;
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.StoreUnreachable);
        Assert.Contains("away", node.State.Reason);
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is null);
        Assert.Equal(Key, node.State.Held!.Subnet.ToKey());
        node.Faulty.Away = false;
        await bed.UntilAsync(async () => node.State.Phase == LeasePhase.Held && await bed.ReadAsync(Key) is { } ours && ours.LeaseId == node.State.Held!.EtcdLeaseId);
        Assert.DoesNotContain(LeasePhase.Conflict, node.Phases);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F23_a_subnet_that_was_given_away_while_the_store_was_away_is_a_conflict_without_a_write(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 2);
        node.Faulty.Away = true;
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is null);
        await bed.PutForeignAsync(Key, "192.0.2.9");
        var start = (await bed.ReadAsync(Key))!.ModRevision;
        node.Faulty.Away = false;
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Empty(await bed.HistoryAsync(start));
    }

    [Fact]
    public async Task F10_a_store_that_lost_its_history_gets_the_same_subnet_written_again()
    {
        await using var bed = StoreBed.Open(StoreBed.Local, etcd);
        await using var emptied = StoreBed.Open(StoreBed.Local, etcd);
        var switching = new SwitchingStore(bed.Store);
        await using var node = await Node.StartAsync(bed, ttl: 60, switching);
        switching.Current = emptied.Store;
        await bed.UntilAsync(async () => (await emptied.Store.RangeAsync(KeyRange.One(bed.Keys.SubnetPrefix + Key), bed.Limit)).Keys is [var ours]
            && node.State is { Phase: LeasePhase.Held } state && state.Held!.EtcdLeaseId == ours.LeaseId);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F42_R11_another_address_is_told_in_the_same_lease(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        var before = (await bed.ReadAsync(Key))!;
        node.Keeper.Announce(Saying("192.0.2.5"));
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is { } key && node.State.Held!.ModRevision == key.ModRevision && key.ModRevision > before.ModRevision);
        var after = (await bed.ReadAsync(Key))!;
        Assert.Equal((StoreBed.Value("192.0.2.5"), before.LeaseId, before.CreateRevision), (Encoding.UTF8.GetString(after.Value.Span), after.LeaseId, after.CreateRevision));
        Assert.Equal(after.Value.ToArray(), node.State.Held!.Value.ToArray());

        // What is lost afterwards is written again as it was told last.
        await bed.DeleteAsync(Key);
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is { } again && Encoding.UTF8.GetString(again.Value.Span) == StoreBed.Value("192.0.2.5"));
        Assert.DoesNotContain(LeasePhase.Conflict, node.Phases);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F42_F08_another_address_is_told_once_the_store_answers_and_a_lost_answer_is_recognised(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        node.Faulty.Away = true;
        node.Keeper.Announce(Saying("192.0.2.5"));
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.StoreUnreachable);
        var lost = 0;
        node.Faulty.After = (call, _) => FaultyStore.If(call == "txn" && lost++ == 0, FaultyStore.Lost);
        node.Faulty.Away = false;
        await bed.UntilAsync(async () => lost > 0 && node.State.Phase == LeasePhase.Held && await bed.ReadAsync(Key) is { } key
            && key.ModRevision == node.State.Held!.ModRevision && Encoding.UTF8.GetString(key.Value.Span) == StoreBed.Value("192.0.2.5"));
        Assert.DoesNotContain(LeasePhase.Conflict, node.Phases);
        Assert.DoesNotContain(LeasePhase.Lost, node.Phases);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F42_R11_F21_a_key_that_somebody_else_wrote_is_not_written_for_another_address(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        // Unseen, so that the guard alone protects it.
        node.Faulty.WatchesBroken = true;
        await bed.PutForeignAsync(Key, "192.0.2.9");
        var foreign = (await bed.ReadAsync(Key))!;
        node.Keeper.Announce(Saying("192.0.2.5"));
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Equal(foreign.ModRevision, (await bed.ReadAsync(Key))!.ModRevision);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F42_F25_a_reservation_tells_another_address_and_stays_one(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        await bed.PutAsync(Key, StoreBed.Value(OurIp));
        await bed.UntilAsync(() => node.State.Held!.IsReservation);
        node.Keeper.Announce(Saying("192.0.2.5"));
        await bed.UntilAsync(async () => await bed.ReadAsync(Key) is { LeaseId: 0 } key && Encoding.UTF8.GetString(key.Value.Span) == StoreBed.Value("192.0.2.5"));
    }

    private static LeaseAttributes Saying(string publicIp) => new(System.Net.IPAddress.Parse(publicIp), null, "host-gw", default, default);

    [Theory, MemberData(nameof(Kinds))]
    public async Task F08_a_rewrite_whose_answer_was_lost_is_recognised(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        var lost = 0;
        node.Faulty.After = (call, _) => FaultyStore.If(call == "txn" && lost++ == 0, FaultyStore.Lost);
        await bed.DeleteAsync(Key);
        await bed.UntilAsync(async () => lost > 0 && node.State.Phase == LeasePhase.Held && await bed.ReadAsync(Key) is { } ours && ours.LeaseId == node.State.Held!.EtcdLeaseId && ours.ModRevision == node.State.Held.ModRevision);
        Assert.DoesNotContain(LeasePhase.Conflict, node.Phases);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F24_a_clone_of_our_identity_is_a_conflict_on_this_side_too(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await using var node = await Node.StartAsync(bed, ttl: 60);
        var clone = await bed.Store.GrantAsync(60, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("its-nonce", Key, "its-host", "1").Write(), clone.Id, bed.Limit);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var claiming = new NodeClaimKeeper(bed.Store, bed.Keys, StoreBed.Request("a", OurIp), "1", TimeProvider.System, NullLogger.Instance).KeepAsync(Given.Subnet(Key), node.Keeper.ReportTaken, stop.Token);
        await bed.UntilAsync(() => node.State.Phase == LeasePhase.Conflict);
        Assert.Contains("its-host", node.State.Reason);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => claiming);
        Assert.Equal(clone.Id, (await bed.Store.RangeAsync(KeyRange.One(bed.Keys.ClaimPrefix + "a"), bed.Limit)).Keys.Single().LeaseId);
    }

    /// <summary>A keeper with the watch that feeds it, over a store that can fail.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop;
        private readonly List<LeasePhase> _phases = [];
        private Task[] _tasks = [];

        private Node(IStore store, CancellationToken limit) => (_stop, Faulty) = (CancellationTokenSource.CreateLinkedTokenSource(limit), new(store));

        public FaultyStore Faulty { get; }

        public OwnLeaseKeeper Keeper { get; private set; } = null!;

        public LeaseState State => Keeper.State;

        public IReadOnlyList<LeasePhase> Phases
        {
            get
            {
                lock (_phases)
                    return [.. _phases];
            }
        }

        public static async Task<Node> StartAsync(StoreBed bed, long ttl, IStore? store = null)
        {
            var node = new Node(store ?? bed.Store, bed.Limit);
            var request = StoreBed.Request("a", OurIp, Given.Subnet(Key));
            var acquired = await bed.Acquisition(request, node.Faulty, ttl: ttl).AcquireAsync(Given.Config(), null, bed.Limit);
            node.Keeper = new(node.Faulty, bed.Keys, new(ttl, TimeSpan.FromSeconds(1)), request, acquired, TimeProvider.System, NullLogger.Instance, state =>
            {
                lock (node._phases)
                    node._phases.Add(state.Phase);
            });
            var follower = new KeyFollower(node.Faulty, bed.Keys.Subnets, TimeProvider.System);
            node._tasks = [node.Keeper.KeepAsync(node._stop.Token), follower.FollowAsync(null, node.Keeper.Observe, node._stop.Token)];
            return node;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            foreach (var task in _tasks)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
            _stop.Dispose();
        }
    }
}
