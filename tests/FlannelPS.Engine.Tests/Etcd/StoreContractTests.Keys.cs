using System.Security.Cryptography;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public abstract partial class StoreContractTests
{
    [Fact]
    public async Task An_empty_range_has_no_keys_but_a_revision()
    {
        var range = await A.RangeAsync(All, Limit);
        Assert.Empty(range.Keys);
        Assert.True(range.Revision >= 1);
    }

    [Fact]
    public async Task A_range_is_in_key_order_and_half_open()
    {
        foreach (var name in new[] { "c", "a", "b/2", "b", "b0", "d" })
            await PutAsync(A, name, name);
        var range = await A.RangeAsync(new(Prefix + "a", Prefix + "d"), Limit);
        Assert.Equal(["a", "b", "b/2", "b0", "c"], range.Keys.Select(Text));
        Assert.Equal(["b/2"], (await A.RangeAsync(KeyRange.Prefix(Prefix + "b/"), Limit)).Keys.Select(Text));
        Assert.Equal(["b"], (await A.RangeAsync(KeyRange.One(Prefix + "b"), Limit)).Keys.Select(Text));
    }

    [Fact]
    public async Task A_write_is_seen_by_the_other_handle_at_once()
    {
        var b = await AnotherAsync();
        for (var i = 0; i < 100; i++)
        {
            var revision = await PutAsync(i % 2 == 0 ? A : b, "k", $"{i}");
            var range = await (i % 2 == 0 ? b : A).RangeAsync(All, Limit);
            Assert.Equal($"{i}", Text(range.Keys.Single()));
            Assert.True(range.Revision >= revision);
        }
    }

    [Fact]
    public async Task A_put_raises_the_revision_and_keeps_the_creation()
    {
        var created = await PutAsync(A, "k", "1");
        var changed = await PutAsync(A, "k", "2");
        var key = await ReadAsync(A, "k");
        Assert.True(changed > created);
        Assert.Equal(new(Prefix + "k", key!.Value, created, changed, 0), key);
        Assert.Equal("2", Text(key));
    }

    [Fact]
    public async Task A_key_made_again_has_a_new_creation()
    {
        var first = await PutAsync(A, "k", "1");
        Assert.Equal(1, await A.DeleteAsync(KeyRange.One(Prefix + "k"), Limit));
        Assert.Null(await ReadAsync(A, "k"));
        var second = await PutAsync(A, "k", "2");
        Assert.True(second > first + 1);
        Assert.Equal(second, (await ReadAsync(A, "k"))!.CreateRevision);
    }

    [Fact]
    public async Task A_range_delete_counts_what_it_took()
    {
        foreach (var name in new[] { "a", "b/1", "b/2", "c" })
            await PutAsync(A, name, name);
        Assert.Equal(2, await A.DeleteAsync(KeyRange.Prefix(Prefix + "b/"), Limit));
        Assert.Equal(0, await A.DeleteAsync(KeyRange.Prefix(Prefix + "b/"), Limit));
        Assert.Equal(["a", "c"], (await A.RangeAsync(All, Limit)).Keys.Select(Text));
    }

    [Fact]
    public async Task Values_are_kept_to_the_byte()
    {
        byte[] odd = [0, 10, 13, 34, 92, 127, 128, 255, 0xc3, 0x28];
        await A.PutAsync(Prefix + "odd", odd, 0, Limit);
        await A.PutAsync(Prefix + "empty", ReadOnlyMemory<byte>.Empty, 0, Limit);
        Assert.Equal(odd, (await ReadAsync(A, "odd"))!.Value.ToArray());
        Assert.Equal(0, (await ReadAsync(A, "empty"))!.Value.Length);
        await PutAsync(A, "Zürich \"quoted\"", "ü");
        Assert.Equal("ü", Text((await ReadAsync(A, "Zürich \"quoted\""))!));
    }

    [Fact]
    public async Task A_megabyte_is_a_value()
    {
        var b = await AnotherAsync();
        var value = RandomNumberGenerator.GetBytes(1 << 20);
        var start = await NowAsync(A) + 1;
        await A.PutAsync(Prefix + "large", value, 0, Limit);
        Assert.Equal(value, (await ReadAsync(b, "large"))!.Value.ToArray());
        await using var watch = Watch(b, start);
        var put = Assert.IsType<StoreEvent.Put>((await BatchesAsync(watch, 1))[0].Events.Single());
        Assert.Equal(value, put.Item.Value.ToArray());
    }

    [Fact]
    public async Task Five_thousand_keys_come_in_one_range_of_one_revision()
    {
        var names = Enumerable.Range(0, 5000).Select(i => $"{i:d5}").ToArray();
        foreach (var some in names.Chunk(100))
            await A.TxnAsync(new([], [.. some.Select(name => Put(Prefix + name, name))]), Limit);
        var range = await (await AnotherAsync()).RangeAsync(All, Limit);
        Assert.Equal(names, range.Keys.Select(Text));
        Assert.True(range.Revision >= range.Keys.Max(key => key.ModRevision));
    }

    [Fact]
    public async Task All_answers_come_from_one_cluster()
        => Assert.Equal((await A.RangeAsync(All, Limit)).ClusterId, (await (await AnotherAsync()).RangeAsync(All, Limit)).ClusterId);

    [Fact]
    public async Task Status_has_a_row_that_answers()
    {
        var row = Assert.Single(await A.StatusAsync(Limit));
        Assert.Null(row.Error);
        Assert.True(row.HasLeader);
        Assert.NotNull(row.Version);
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => A.RangeAsync(All, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => A.PutAsync(Prefix + "k", Bytes("1"), 0, cancelled));
        Assert.Null(await ReadAsync(A, "k"));
    }
}
