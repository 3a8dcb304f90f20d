using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Local;

namespace FlannelPS.Engine.Tests.Etcd;

public sealed class CountingStoreTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-count-").FullName;
    private readonly CountingStore _store;

    public CountingStoreTests() => _store = new(new LocalStore(_folder, new ListLogger(), TimeProvider.System), TimeProvider.System);

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_call_counts_under_its_method()
    {
        Assert.Null(_store.Counters.LastAnswer);
        await _store.PutAsync("/n/a", "1"u8.ToArray(), 0, Limit);
        var lease = await _store.GrantAsync(60, Limit);
        await _store.KeepAliveAsync(lease.Id, Limit);
        await _store.TimeToLiveAsync(lease.Id, Limit);
        await _store.KeysOfLeaseAsync(lease.Id, Limit);
        await _store.TxnAsync(new([StoreCompare.Absent("/n/b")], [new StoreOperation.Put("/n/b", "2"u8.ToArray(), 0)]), Limit);
        var read = await _store.RangeAsync(KeyRange.Prefix("/n/"), Limit);
        await foreach (var page in _store.PagesAsync(KeyRange.Prefix("/n/"), Limit))
            Assert.Equal(2, page.Keys.Count);
        await _store.DeleteAsync(KeyRange.One("/n/a"), Limit);
        await _store.RevokeAsync(lease.Id, Limit);
        await _store.StatusAsync(Limit);
        await foreach (var batch in _store.WatchAsync(KeyRange.Prefix("/n/"), read.Revision + 1, Limit))
        {
            Assert.Single(batch.Events);
            break;
        }
        Assert.Equal(2, read.Keys.Count);
        Assert.All(StoreCounters.Methods, method => Assert.Equal((method, 0L), (method, _store.Counters.Failures(method))));
        Assert.Equal(
            "Range 3, Txn 1, Put 1, DeleteRange 1, Watch 1, LeaseGrant 1, LeaseKeepAlive 1, LeaseRevoke 1, LeaseTimeToLive 2, Status 1",
            string.Join(", ", StoreCounters.Methods.Select(method => $"{method} {_store.Counters.Requests(method)}")));
        Assert.Equal(1, _store.Counters.Events);
        Assert.InRange(_store.Counters.LastAnswer!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
        Assert.All(StoreCounters.Methods.Where(method => method != StoreMethod.Watch), method => Assert.True(_store.Counters.Time(method) > TimeSpan.Zero, $"{method}"));
        Assert.Equal(TimeSpan.Zero, _store.Counters.Time(StoreMethod.Watch));
    }

    [Fact]
    public async Task What_fails_counts_as_that_and_reaches_the_caller_as_it_is()
    {
        await _store.PutAsync("/n/a", "1"u8.ToArray(), 0, Limit);
        await Assert.ThrowsAsync<StoreException>(() => _store.GrantAsync(0, Limit));
        Directory.Delete(_folder, recursive: true);
        await Assert.ThrowsAsync<StoreException>(() => _store.RangeAsync(KeyRange.One("/n/a"), Limit));
        await Assert.ThrowsAsync<StoreException>(async () =>
        {
            await foreach (var _ in _store.WatchAsync(KeyRange.One("/n/a"), 1, Limit))
                continue;
        });
        Assert.Equal(
            ["Range 1/1", "Put 0/1", "Watch 1/1", "LeaseGrant 1/1"],
            StoreCounters.Methods.Where(method => _store.Counters.Requests(method) > 0).Select(method => $"{method} {_store.Counters.Failures(method)}/{_store.Counters.Requests(method)}"));
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_no_failure_of_the_store_and_a_compacted_history_is_none_either()
    {
        await _store.PutAsync("/n/a", "1"u8.ToArray(), 0, Limit);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.RangeAsync(KeyRange.One("/n/a"), gone.Token));
        await using var other = new LocalStore(_folder, new ListLogger(), TimeProvider.System);
        await other.CompactAsync(Limit);
        await Assert.ThrowsAsync<StoreCompactedException>(async () =>
        {
            await foreach (var _ in _store.WatchAsync(KeyRange.One("/n/a"), 1, Limit))
                continue;
        });
        Assert.All(StoreCounters.Methods, method => Assert.Equal(0, _store.Counters.Failures(method)));
        Assert.Equal(Enum.GetValues<StoreMethod>(), StoreCounters.Methods);
    }
}
