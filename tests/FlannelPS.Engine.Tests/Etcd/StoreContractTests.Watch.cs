using System.Diagnostics;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public abstract partial class StoreContractTests
{
    [Fact]
    public async Task A_watch_from_a_past_revision_tells_all_since_then_in_order()
    {
        await PutAsync(A, "a", "before");
        var start = await PutAsync(A, "a", "1");
        await PutAsync(A, "b", "2");
        await A.DeleteAsync(KeyRange.One(Prefix + "a"), Limit);
        await PutAsync(A, "a", "3");
        await using var watch = Watch(await AnotherAsync(), start);
        Assert.Equal(["put a=1", "put b=2", "deleted a", "put a=3"], await EventsAsync(watch, 4));
    }

    [Fact]
    public async Task A_watch_tells_what_another_handle_does_next()
    {
        var b = await AnotherAsync();
        await using var watch = Watch(b, await NowAsync(A) + 1);
        for (var i = 0; i < 50; i++)
        {
            var revision = await PutAsync(A, "k", $"{i}");
            var batch = (await BatchesAsync(watch, 1)).Single();
            Assert.Equal([$"put k={i}"], batch.Events.Select(Tell));
            Assert.Equal((revision, revision + 1), (batch.Events[0].ModRevision, batch.NextRevision));
        }
    }

    [Fact]
    public async Task A_watch_does_not_tell_of_other_keys()
    {
        await using var watch = A.WatchAsync(KeyRange.One(Prefix + "k"), await NowAsync(A) + 1, Limit).GetAsyncEnumerator(Limit);
        await PutAsync(A, "k0", "other");
        await PutAsync(A, "j", "other");
        await PutAsync(A, "k", "1");
        Assert.Equal(["put k=1"], await EventsAsync(watch, 1));
    }

    [Fact]
    public async Task A_put_event_has_all_of_the_key()
    {
        var lease = await A.GrantAsync(60, Limit);
        var created = await PutAsync(A, "k", "1");
        var changed = await PutAsync(A, "k", "2", lease.Id);
        await using var watch = Watch(A, changed);
        var put = Assert.IsType<StoreEvent.Put>((await BatchesAsync(watch, 1))[0].Events.Single());
        Assert.Equal(new(Prefix + "k", put.Item.Value, created, changed, lease.Id), put.Item);
        Assert.Equal("2", Text(put.Item));
        await A.RevokeAsync(lease.Id, Limit);
    }

    [Fact]
    public async Task F06_A_watch_taken_up_at_NextRevision_loses_nothing_and_repeats_nothing()
    {
        var next = await NowAsync(A) + 1;
        var writer = WriteAsync();
        var b = await AnotherAsync();
        var seen = new List<string>();
        while (seen.Count < 300)
        {
            await using var watch = Watch(b, next);
            for (var i = 0; i < 10 && seen.Count < 300; i++)
            {
                Assert.True(await watch.MoveNextAsync());
                Assert.True(watch.Current.NextRevision >= next);
                next = watch.Current.NextRevision;
                seen.AddRange(watch.Current.Events.Select(Tell));
            }
        }
        await writer;
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"put {i % 7}={i}"), seen);

        async Task WriteAsync()
        {
            for (var i = 0; i < 300; i++)
            {
                await PutAsync(A, $"{i % 7}", $"{i}");
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task L7_A_long_catch_up_loses_nothing()
    {
        var start = await NowAsync(A) + 1;
        for (var i = 0; i < 2500; i++)
            await PutAsync(A, "k", $"{i}");
        await using var watch = Watch(await AnotherAsync(), start);
        var batches = await BatchesAsync(watch, 2500);
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"put k={i}"), batches.SelectMany(batch => batch.Events).Select(Tell));
        Assert.All(batches, batch => Assert.Equal(batch.Events[^1].ModRevision + 1, batch.NextRevision));
    }

    [Fact]
    public async Task Several_watches_of_one_handle_tell_the_same()
    {
        var start = await NowAsync(A) + 1;
        var watches = Enumerable.Range(0, 5).Select(_ => Watch(A, start)).ToArray();
        var reading = watches.Select(watch => Task.Run(() => EventsAsync(watch, 20))).ToArray();
        for (var i = 0; i < 20; i++)
            await PutAsync(A, "k", $"{i}");
        foreach (var events in await Task.WhenAll(reading))
            Assert.Equal(Enumerable.Range(0, 20).Select(i => $"put k={i}"), events);
        foreach (var watch in watches)
            await watch.DisposeAsync();
    }

    [Fact]
    public async Task A_cancelled_watch_ends_promptly_and_leaves_the_store_usable()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Limit);
        await using var watch = A.WatchAsync(All, await NowAsync(A) + 1, stop.Token).GetAsyncEnumerator(stop.Token);
        await PutAsync(A, "k", "1");
        await BatchesAsync(watch, 1);
        var waiting = watch.MoveNextAsync().AsTask();
        var since = Stopwatch.StartNew();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(10), $"took {since.Elapsed}");
        Assert.NotNull(await ReadAsync(A, "k"));
    }

    [Fact]
    public async Task A_handle_can_be_disposed_under_an_open_watch()
    {
        var b = await OpenAsync();
        await using var watch = Watch(b, await NowAsync(A) + 1);
        await PutAsync(A, "k", "1");
        await BatchesAsync(watch, 1);
        var waiting = watch.MoveNextAsync().AsTask();
        await b.DisposeAsync();
        Assert.NotNull(await Record.ExceptionAsync(() => waiting));
    }

    [Fact]
    public async Task F05_A_watch_behind_a_compaction_is_told_to_list_again()
    {
        var start = await PutAsync(A, "k", "1");
        for (var i = 2; i < 10; i++)
            await PutAsync(A, "k", $"{i}");
        var now = await NowAsync(A);
        await CompactAsync(A, now);
        await using var late = Watch(await AnotherAsync(), start);
        var compacted = await Assert.ThrowsAsync<StoreCompactedException>(async () => await late.MoveNextAsync());
        Assert.True(compacted.CompactRevision > start, $"{compacted.CompactRevision} after {start}");

        var list = await A.RangeAsync(All, Limit);
        Assert.Equal(("9", start), (Text(list.Keys.Single()), list.Keys[0].CreateRevision));
        await using var watch = Watch(A, list.Revision + 1);
        await PutAsync(A, "k", "10");
        Assert.Equal(["put k=10"], await EventsAsync(watch, 1));
    }

    [Fact]
    public async Task F05_A_watch_that_has_kept_up_outlives_a_compaction()
    {
        var b = await AnotherAsync();
        await using var watch = Watch(b, await NowAsync(A) + 1);
        for (var i = 0; i < 5; i++)
        {
            await PutAsync(A, "k", $"{i}");
            Assert.Equal([$"put k={i}"], await EventsAsync(watch, 1));
            await CompactAsync(A, await NowAsync(A));
        }
    }
}
