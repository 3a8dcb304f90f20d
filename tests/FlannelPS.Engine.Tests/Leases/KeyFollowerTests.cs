using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Following keys and leases over everything that can happen to a store.</summary>
public sealed class KeyFollowerTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_snapshot_comes_first_and_every_change_after_it(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("a", "1");
        var told = new Told();
        var following = told.Follow(new(bed.Store, bed.Keys.Subnets, TimeProvider.System), null, bed.Limit);
        await bed.UntilAsync(() => told.Lines.Count > 0);
        await bed.PutAsync("b", "2");
        await bed.DeleteAsync("a");
        await bed.Store.PutAsync(bed.Keys.Config, default, 0, bed.Limit);
        await bed.PutAsync("c", "3");
        await bed.UntilAsync(() => told.Lines.Contains("put c"));
        Assert.Equal(["snapshot a", "put b", "deleted a", "put c"], told.Lines);
        Assert.False(following.IsCompleted);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F07_L2_a_first_list_that_fails_is_read_again_and_one_that_was_read_already_is_used(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("a", "1");
        var faulty = new FaultyStore(bed.Store);
        var failures = 0;
        faulty.Before = (call, _) => FaultyStore.If(call == "range" && failures++ < 2, FaultyStore.Unreachable);
        var told = new Told();
        _ = told.Follow(new(faulty, bed.Keys.Subnets, TimeProvider.System), null, bed.Limit);
        await bed.UntilAsync(() => told.Lines.Contains("snapshot a"));
        Assert.Equal(["broken", "broken", "snapshot a"], told.Lines);

        var list = await bed.ListAsync();
        await bed.PutAsync("b", "2");
        var later = new Told();
        _ = later.Follow(new(bed.Store, bed.Keys.Subnets, TimeProvider.System), list, bed.Limit);
        await bed.UntilAsync(() => later.Lines.Contains("put b"));
        Assert.Equal(["snapshot a", "put b"], later.Lines);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F06_L7_a_broken_watch_is_taken_up_without_a_gap(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var faulty = new FaultyStore(bed.Store);
        var told = new Told();
        _ = told.Follow(new(faulty, bed.Keys.Subnets, TimeProvider.System), null, bed.Limit);
        await bed.UntilAsync(() => told.Lines.Count > 0);
        for (var i = 0; i < 4; i++)
        {
            await bed.PutAsync($"{i}-before", "");
            await bed.UntilAsync(() => told.Lines.Contains($"put {i}-before"));
            faulty.Away = true;
            await bed.PutAsync($"{i}-away", "");
            await bed.UntilAsync(() => told.Lines.Count(line => line == "broken") > i);
            faulty.Away = false;
            await bed.UntilAsync(() => told.Lines.Contains($"put {i}-away"));
        }
        Assert.Equal(["snapshot ", .. Enumerable.Range(0, 4).SelectMany(i => new[] { $"put {i}-before", $"put {i}-away" })], told.Lines.Where(line => line is not ("broken" or "resumed")));
        Assert.Contains("resumed", told.Lines);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F05_a_compaction_while_the_watch_is_cut_leads_to_a_new_list(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("a", "1");
        var faulty = new FaultyStore(bed.Store);
        var told = new Told();
        _ = told.Follow(new(faulty, bed.Keys.Subnets, TimeProvider.System), null, bed.Limit);
        await bed.UntilAsync(() => told.Lines.Count > 0);
        faulty.Away = true;
        await bed.PutAsync("b", "2");
        await bed.UntilAsync(() => told.Lines.Contains("broken"));
        await bed.DeleteAsync("a");
        await bed.PutAsync("c", "3");
        await bed.CompactAsync();
        faulty.Away = false;
        await bed.UntilAsync(() => told.Lines.Contains("snapshot b c"));
        await bed.PutAsync("d", "4");
        await bed.UntilAsync(() => told.Lines.Contains("put d"));
        Assert.DoesNotContain(told.Lines, line => line.StartsWith("put b", StringComparison.Ordinal) || line.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task F10_another_history_is_told_as_such_and_its_lost_leases_stay_for_a_time_of_grace()
    {
        await using var before = StoreBed.Open(StoreBed.Local, etcd);
        await using var after = StoreBed.Open(StoreBed.Local, etcd);
        var switching = new SwitchingStore(before.Store);
        var keys = before.Keys;
        await PutAsync(before.Store, "10.5.1.0-24");
        await PutAsync(before.Store, "10.5.2.0-24");
        var clock = new SteppedTime();
        var follower = new LeaseFollower(switching, keys, TimeSpan.FromSeconds(60), clock, NullLogger.Instance);
        var ended = 0;
        var told = new Told();
        _ = follower.FollowAsync(null, update => { told.Add(update, keys.SubnetPrefix); ended++; }, before.Limit);
        await before.UntilAsync(() => follower.Table.Leases.Count == 2);

        // The store comes back empty but for one new lease.
        await PutAsync(after.Store, "10.5.9.0-24");
        switching.Current = after.Store;
        await before.UntilAsync(() => follower.Table.Leases.Count == 3);
        Assert.Contains(told.Lines, line => line.StartsWith("lost", StringComparison.Ordinal));
        Assert.False(follower.EndGrace());

        // One node writes its lease again; and the history is lost once more: the grace goes on, it does not end.
        await PutAsync(after.Store, "10.5.1.0-24");
        await before.UntilAsync(() => told.Lines.Contains("put 10.5.1.0-24"));
        await using var third = StoreBed.Open(StoreBed.Local, etcd);
        await PutAsync(third.Store, "10.5.1.0-24");
        switching.Current = third.Store;
        await before.UntilAsync(() => told.Lines.Count(line => line.StartsWith("lost", StringComparison.Ordinal)) == 2);
        Assert.Equal(["10.5.1.0-24", "10.5.2.0-24", "10.5.9.0-24"], follower.Table.Leases.Keys.Select(key => key[keys.SubnetPrefix.Length..]).Order());

        // Nothing happens any more: the end of the grace is told all the same.
        var tellings = ended;
        clock.Advance(TimeSpan.FromSeconds(61));
        await before.UntilAsync(() => ended > tellings);
        Assert.Equal(["10.5.1.0-24"], follower.Table.Leases.Keys.Select(key => key[keys.SubnetPrefix.Length..]));

        Task PutAsync(IStore store, string subnet) => store.PutAsync(keys.SubnetPrefix + subnet, System.Text.Encoding.UTF8.GetBytes(StoreBed.Value("192.0.2.9")), 0, before.Limit);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task L8_a_peer_that_changed_while_the_history_was_compacted_is_seen_with_its_new_attributes(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutAsync("10.5.1.0-24", StoreBed.Value("192.0.2.9"));
        var faulty = new FaultyStore(bed.Store);
        var follower = new LeaseFollower(faulty, bed.Keys, TimeSpan.FromSeconds(60), TimeProvider.System, NullLogger.Instance);
        _ = follower.FollowAsync(null, _ => { }, bed.Limit);
        await bed.UntilAsync(() => follower.Table.IsComplete);
        faulty.Away = true;
        await bed.PutAsync("10.5.1.0-24", StoreBed.Value("192.0.2.10"));
        await bed.PutAsync("10.5.2.0-24", StoreBed.Value("192.0.2.11"));
        await bed.CompactAsync();
        faulty.Away = false;
        await bed.UntilAsync(() => follower.Table.Leases.Count == 2);
        Assert.Equal("192.0.2.10", follower.Table.Leases[bed.Keys.SubnetPrefix + "10.5.1.0-24"].Attributes.PublicIp.ToString());
    }

    /// <summary>Updates as lines.</summary>
    private sealed class Told
    {
        private readonly List<string> _lines = [];

        public List<string> Lines
        {
            get
            {
                lock (_lines)
                    return [.. _lines];
            }
        }

        public Task Follow(KeyFollower follower, RangeResult? first, CancellationToken cancellationToken)
            => follower.FollowAsync(first, update => Add(update, null), cancellationToken);

        public void Add(FollowerUpdate update, string? prefix)
        {
            lock (_lines)
                _lines.AddRange(update switch
                {
                    FollowerUpdate.Snapshot snapshot => [$"{(snapshot.HistoryLost ? "lost" : "snapshot")} {string.Join(' ', snapshot.Keys.Select(item => Name(item.Key)))}"],
                    FollowerUpdate.Changes changes => changes.Events.Select(change => $"{(change is StoreEvent.Put ? "put" : "deleted")} {Name(change.Key)}"),
                    FollowerUpdate.Broken => ["broken"],
                    _ => ["resumed"],
                });

            static string Name(string key) => key[(key.LastIndexOf('/') + 1)..];
        }
    }
}
