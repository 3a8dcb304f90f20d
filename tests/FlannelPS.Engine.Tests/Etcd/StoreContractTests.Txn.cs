using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public abstract partial class StoreContractTests
{
    [Fact]
    public async Task Absent_holds_until_the_key_is_there()
    {
        var first = await CreateAsync(A, "k", "1");
        Assert.True(first.Succeeded);
        var second = await CreateAsync(A, "k", "2");
        Assert.False(second.Succeeded);
        Assert.True(second.Revision >= first.Revision);
        var key = (await ReadAsync(A, "k"))!;
        Assert.Equal(("1", first.Revision, first.Revision), (Text(key), key.CreateRevision, key.ModRevision));
        await A.DeleteAsync(KeyRange.One(key.Key), Limit);
        Assert.True((await CreateAsync(A, "k", "3")).Succeeded);
    }

    [Fact]
    public async Task Unchanged_holds_at_the_very_revision_only()
    {
        var one = await PutAsync(A, "k", "1");
        var two = await PutAsync(A, "k", "2");
        Assert.False((await ReplaceAsync("k", one)).Succeeded);
        Assert.False((await ReplaceAsync("k", two + 1)).Succeeded);
        Assert.Equal("2", Text((await ReadAsync(A, "k"))!));
        Assert.True((await ReplaceAsync("k", two)).Succeeded);
        Assert.Equal("new", Text((await ReadAsync(A, "k"))!));
    }

    [Fact]
    public async Task A_missing_key_has_revision_0()
    {
        Assert.False((await ReplaceAsync("missing", 7)).Succeeded);
        Assert.True((await ReplaceAsync("missing", 0)).Succeeded);
        Assert.Equal("new", Text((await ReadAsync(A, "missing"))!));
    }

    [Fact]
    public async Task NoneCreatedAfter_looks_at_every_key_of_the_range()
    {
        await PutAsync(A, "r/1", "1");
        await PutAsync(A, "r/2", "1");
        var known = await NowAsync(A);
        await PutAsync(A, "r/1", "changed, not created");
        await PutAsync(A, "s", "outside of the range");
        Assert.True((await GuardAsync("r/", known, "x")).Succeeded);
        await PutAsync(A, "r/0", "created");
        Assert.False((await GuardAsync("r/", known, "y")).Succeeded);
        Assert.Null(await ReadAsync(A, "y"));
        Assert.True((await GuardAsync("r/", await NowAsync(A), "y")).Succeeded);
    }

    [Fact]
    public async Task NoneCreatedAfter_holds_on_an_empty_range()
        => Assert.True((await GuardAsync("empty/", 0, "k")).Succeeded);

    [Fact]
    public async Task One_guard_that_fails_stops_the_whole_transaction()
    {
        await PutAsync(A, "there", "1");
        var result = await A.TxnAsync(
            new(
                [StoreCompare.Absent(Prefix + "a"), StoreCompare.Absent(Prefix + "there")],
                [Put(Prefix + "a", "1"), new StoreOperation.Delete(Prefix + "there")]),
            Limit);
        Assert.False(result.Succeeded);
        Assert.Equal([Prefix + "there"], (await A.RangeAsync(All, Limit)).Keys.Select(key => key.Key));
    }

    [Fact]
    public async Task All_operations_of_a_transaction_share_one_revision_and_one_batch()
    {
        var start = await PutAsync(A, "old", "1") + 1;
        var result = await A.TxnAsync(new([], [Put(Prefix + "b", "1"), new StoreOperation.Delete(Prefix + "old"), Put(Prefix + "a", "2")]), Limit);
        Assert.True(result.Succeeded);
        Assert.Equal([result.Revision, result.Revision], (await A.RangeAsync(All, Limit)).Keys.Select(key => key.ModRevision));
        await using var watch = Watch(A, start);
        var batch = Assert.Single(await BatchesAsync(watch, 3));
        Assert.Equal(["put b=1", "deleted old", "put a=2"], batch.Events.Select(Tell));
        Assert.All(batch.Events, change => Assert.Equal(result.Revision, change.ModRevision));
        Assert.Equal(result.Revision + 1, batch.NextRevision);
    }

    [Fact]
    public async Task A_transaction_without_operations_only_asks()
    {
        await PutAsync(A, "k", "1");
        Assert.False((await A.TxnAsync(new([StoreCompare.Absent(Prefix + "k")], []), Limit)).Succeeded);
        Assert.True((await A.TxnAsync(new([StoreCompare.Absent(Prefix + "other")], []), Limit)).Succeeded);
    }

    [Fact]
    public async Task Of_fifty_creators_of_one_key_exactly_one_wins()
    {
        IStore[] handles = [A, await AnotherAsync(), await AnotherAsync()];
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => CreateAsync(handles[i % 3], "k", $"{i}"))));
        var winner = Array.FindIndex(results, result => result.Succeeded);
        Assert.Single(results, result => result.Succeeded);
        var key = (await ReadAsync(A, "k"))!;
        Assert.Equal(($"{winner}", results[winner].Revision), (Text(key), key.ModRevision));
    }

    [Fact]
    public async Task Guarded_increments_from_two_handles_lose_none()
    {
        await PutAsync(A, "n", "0");
        var b = await AnotherAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => IncrementAsync(i % 2 == 0 ? A : b, 25))));
        Assert.Equal("100", Text((await ReadAsync(A, "n"))!));

        async Task IncrementAsync(IStore store, int times)
        {
            while (times > 0)
            {
                var key = (await ReadAsync(store, "n"))!;
                var next = Put(key.Key, $"{int.Parse(Text(key)) + 1}");
                if ((await store.TxnAsync(new([StoreCompare.Unchanged(key.Key, key.ModRevision)], [next]), Limit)).Succeeded)
                    times--;
            }
        }
    }

    private Task<TxnResult> ReplaceAsync(string name, long revision)
        => A.TxnAsync(new([StoreCompare.Unchanged(Prefix + name, revision)], [Put(Prefix + name, "new")]), Limit);

    private Task<TxnResult> GuardAsync(string range, long revision, string name)
        => A.TxnAsync(new([StoreCompare.NoneCreatedAfter(KeyRange.Prefix(Prefix + range), revision)], [Put(Prefix + name, "guarded")]), Limit);
}
