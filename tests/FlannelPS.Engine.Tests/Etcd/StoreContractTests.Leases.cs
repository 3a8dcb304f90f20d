using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public abstract partial class StoreContractTests
{
    [Fact]
    public async Task A_lease_is_granted_as_asked_and_has_an_id_of_its_own()
    {
        var one = await A.GrantAsync(86400, Limit);
        var other = await A.GrantAsync(60, Limit);
        Assert.True(one.Id != 0 && other.Id != 0 && one.Id != other.Id);
        Assert.Equal((86400, 86400), (one.TtlSeconds, one.GrantedTtlSeconds));
        var left = await (await AnotherAsync()).TimeToLiveAsync(one.Id, Limit);
        Assert.Equal((one.Id, 86400), (left.Id, left.GrantedTtlSeconds));
        Assert.InRange(left.TtlSeconds, 86400 - 60, 86400);
        await A.RevokeAsync(one.Id, Limit);
        await A.RevokeAsync(other.Id, Limit);
    }

    [Fact]
    public async Task Keys_die_with_a_revoked_lease_at_one_revision()
    {
        var b = await AnotherAsync();
        var lease = await A.GrantAsync(60, Limit);
        await PutAsync(A, "a", "1", lease.Id);
        await PutAsync(A, "b", "1", lease.Id);
        var start = await PutAsync(A, "stays", "1") + 1;
        await using var watch = Watch(b, start);
        await A.RevokeAsync(lease.Id, Limit);
        var batch = Assert.Single(await BatchesAsync(watch, 2));
        Assert.Equal(["deleted a", "deleted b"], batch.Events.Select(Tell).Order());
        Assert.Equal(["1"], (await A.RangeAsync(All, Limit)).Keys.Select(Text));
        Assert.NotNull(await ReadAsync(b, "stays"));
    }

    [Fact]
    public async Task Keys_die_with_a_lease_nobody_keeps_alive_and_the_other_handle_is_told()
    {
        var b = await AnotherAsync();
        var lease = await A.GrantAsync(ShortestTtl, Limit);
        var start = await PutAsync(A, "k", "1", lease.Id);
        await using var watch = Watch(b, start);
        Assert.Equal(["put k=1", "deleted k"], await EventsAsync(watch, 2));
        Assert.Null(await ReadAsync(A, "k"));
        Assert.Equal(0, await A.KeepAliveAsync(lease.Id, Limit));
    }

    [Fact]
    public async Task A_lease_kept_alive_lives_on()
    {
        var lease = await A.GrantAsync(ShortestTtl, Limit);
        await PutAsync(A, "k", "1", lease.Id);
        var ends = DateTime.UtcNow.AddSeconds(2 * ShortestTtl);
        while (DateTime.UtcNow < ends)
        {
            Assert.Equal(ShortestTtl, await A.KeepAliveAsync(lease.Id, Limit));
            await Task.Delay(200, Limit);
        }
        Assert.NotNull(await ReadAsync(A, "k"));
        await GoneAsync(A, "k");
    }

    [Fact]
    public async Task A_gone_lease_answers_without_an_error()
    {
        var lease = await A.GrantAsync(60, Limit);
        await A.RevokeAsync(lease.Id, Limit);
        await A.RevokeAsync(lease.Id, Limit);
        Assert.Equal(0, await A.KeepAliveAsync(lease.Id, Limit));
        Assert.Equal(-1, (await A.TimeToLiveAsync(lease.Id, Limit)).TtlSeconds);
        Assert.Equal(0, await A.KeepAliveAsync(0x7abcdef, Limit));
        Assert.Equal(-1, (await A.TimeToLiveAsync(0x7abcdef, Limit)).TtlSeconds);
    }

    [Fact]
    public async Task The_keys_of_a_lease_are_told_and_those_of_a_gone_one_are_none()
    {
        var lease = await A.GrantAsync(60, Limit);
        Assert.Empty(await A.KeysOfLeaseAsync(lease.Id, Limit));
        await PutAsync(A, "a", "1", lease.Id);
        await PutAsync(A, "b", "1", lease.Id);
        await PutAsync(A, "c", "1");
        var keys = await (await AnotherAsync()).KeysOfLeaseAsync(lease.Id, Limit);
        Assert.Equal(["a", "b"], keys.Select(key => key[^1..]).Order());
        await PutAsync(A, "a", "2");
        Assert.Equal("b", Assert.Single(await A.KeysOfLeaseAsync(lease.Id, Limit))[^1..]);
        await A.RevokeAsync(lease.Id, Limit);
        Assert.Empty(await A.KeysOfLeaseAsync(lease.Id, Limit));
        Assert.Empty(await A.KeysOfLeaseAsync(0x7abcdef, Limit));
    }

    [Fact]
    public async Task Pages_give_each_key_once_in_order_and_a_range_of_nothing_gives_none()
    {
        Assert.Empty(await PagedAsync());
        var names = Enumerable.Range(100, 70).Select(i => $"k{i}").ToList();
        foreach (var name in names)
            await PutAsync(A, name, name);
        Assert.Equal(names, await PagedAsync());

        async Task<List<string>> PagedAsync()
        {
            var found = new List<string>();
            await foreach (var page in A.PagesAsync(All, Limit))
                found.AddRange(page.Keys.Select(Text));
            return found;
        }
    }

    [Fact]
    public async Task A_key_cannot_be_bound_to_a_gone_lease()
    {
        var lease = await A.GrantAsync(60, Limit);
        await A.RevokeAsync(lease.Id, Limit);
        var put = await Assert.ThrowsAsync<StoreException>(() => PutAsync(A, "k", "1", lease.Id));
        var create = await Assert.ThrowsAsync<StoreException>(() => CreateAsync(A, "k", "1", lease.Id));
        Assert.False(put.Ambiguous);
        Assert.False(create.Ambiguous);
        Assert.Null(await ReadAsync(A, "k"));
    }

    [Fact]
    public async Task L6_A_key_put_again_without_its_lease_stays()
    {
        var lease = await A.GrantAsync(60, Limit);
        await PutAsync(A, "k", "1", lease.Id);
        Assert.Equal(lease.Id, (await ReadAsync(A, "k"))!.LeaseId);
        await PutAsync(A, "k", "2");
        Assert.Equal(0, (await ReadAsync(A, "k"))!.LeaseId);
        await A.RevokeAsync(lease.Id, Limit);
        Assert.Equal("2", Text((await ReadAsync(A, "k"))!));
    }

    [Fact]
    public async Task A_key_moved_to_another_lease_outlives_the_first()
    {
        var first = await A.GrantAsync(60, Limit);
        var second = await A.GrantAsync(60, Limit);
        await PutAsync(A, "k", "1", first.Id);
        await PutAsync(A, "k", "2", second.Id);
        await A.RevokeAsync(first.Id, Limit);
        Assert.Equal("2", Text((await ReadAsync(A, "k"))!));
        await A.RevokeAsync(second.Id, Limit);
        Assert.Null(await ReadAsync(A, "k"));
    }

    [Fact]
    public async Task A_lease_outlives_the_handle_that_was_granted_it()
    {
        var b = await OpenAsync();
        var lease = await b.GrantAsync(60, Limit);
        await PutAsync(b, "k", "1", lease.Id);
        await b.DisposeAsync();
        Assert.NotNull(await ReadAsync(A, "k"));
        Assert.Equal(60, await A.KeepAliveAsync(lease.Id, Limit));
        await A.RevokeAsync(lease.Id, Limit);
    }
}
