using FlannelPS.Engine.Etcd;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>What etcd alone has, beside the contract of every store.</summary>
public sealed class EtcdStoreTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private readonly string _prefix = EtcdFixture.NewPrefix();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EtcdStore Open(EtcdStoreSettings? settings = null)
    {
        EtcdFixture.Need();
        return EtcdFixture.Open(new StoreOptions { Endpoints = etcd.Server.Endpoints }, settings);
    }

    [Fact]
    public async Task A_range_is_paged_at_one_revision_and_keys_need_not_be_text()
    {
        await using var store = Open(new() { PageSize = 3 });
        byte[] odd = [.. System.Text.Encoding.ASCII.GetBytes(_prefix), 0xff, 0x00];
        await etcd.Server.CallAsync("kv/put", new { key = Convert.ToBase64String(odd), value = "" });
        for (var i = 0; i < 10; i++)
            await store.PutAsync($"{_prefix}{i}", default, 0, Token);
        var last = await store.PutAsync(_prefix + "last", default, 0, Token);
        var range = await store.RangeAsync(KeyRange.Prefix(_prefix), Token);
        Assert.Equal(12, range.Keys.Count);
        Assert.Equal(last, range.Revision);
        Assert.EndsWith("\uFFFD\0", range.Keys[^1].Key, StringComparison.Ordinal);
        Assert.NotEqual(0UL, range.ClusterId);
    }

    [Fact]
    public async Task F66_A_page_that_is_too_large_is_read_in_smaller_ones()
    {
        await using var store = Open(new() { PageSize = 100, MaxReceiveLength = 300_000 });
        var value = new byte[200_000];
        for (var i = 0; i < 5; i++)
            await store.PutAsync($"{_prefix}{i}", value, 0, Token);
        Assert.Equal(5, (await store.RangeAsync(KeyRange.Prefix(_prefix), Token)).Keys.Count(key => key.Value.Length == 200_000));
    }

    [Fact]
    public async Task F66_A_watch_takes_huge_events_in_whole_revisions()
    {
        await using var store = Open(new() { MaxReceiveLength = 4_000_000 });
        var value = new byte[600_000];
        long first = 0;
        for (var i = 0; i < 12; i++)
        {
            var txn = await store.TxnAsync(new([], [new StoreOperation.Put($"{_prefix}a", value, 0), new StoreOperation.Put($"{_prefix}b", value, 0)]), Token);
            first = first == 0 ? txn.Revision : first;
        }
        var events = 0;
        await foreach (var batch in store.WatchAsync(KeyRange.Prefix(_prefix), first, Token))
        {
            Assert.All(batch.Events.GroupBy(one => one.ModRevision), revision => Assert.Equal(2, revision.Count()));
            Assert.Equal(batch.Events[^1].ModRevision + 1, batch.NextRevision);
            events += batch.Events.Count;
            if (events == 24)
                break;
        }
    }

    [Fact]
    public async Task A_request_larger_than_etcd_takes_is_refused_and_not_ambiguous()
    {
        await using var store = Open();
        foreach (var size in new[] { 1_800_000, 3_000_000 })
        {
            var error = await Assert.ThrowsAsync<StoreException>(() => store.PutAsync(_prefix, new byte[size], 0, Token));
            Assert.Equal((StoreFailure.Protocol, false), (error.Failure, error.Ambiguous));
        }
    }

    [Fact]
    public async Task F10_A_store_whose_revision_went_back_asks_for_a_new_list()
    {
        await using var store = Open(new() { WatchSilence = TimeSpan.FromMilliseconds(100) });
        var now = await store.PutAsync(_prefix, default, 0, Token);
        await using var watch = store.WatchAsync(KeyRange.Prefix(_prefix), now + 1_000_000, Token).GetAsyncEnumerator(Token);
        var error = await Assert.ThrowsAsync<StoreCompactedException>(async () => await watch.MoveNextAsync());
        Assert.Contains("its history is another one", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F12_A_full_store_is_read_only_and_still_read()
    {
        EtcdFixture.Need();
        await using var small = await EtcdServer.StartAsync(new() { Flags = ["--quota-backend-bytes", "2000000"] });
        await using var store = EtcdFixture.Open(small.Endpoint);
        var error = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            for (var i = 0; i < 100; i++)
                await store.PutAsync($"/{i}", new byte[200_000], 0, Token);
        });
        Assert.Equal((StoreFailure.ReadOnly, false), (error.Failure, error.Ambiguous));
        Assert.Contains("disarm", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await store.RangeAsync(KeyRange.Prefix("/"), Token)).Keys);
    }
}
