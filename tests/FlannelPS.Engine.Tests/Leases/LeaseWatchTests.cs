using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Leases as a stream of changes, over what can happen to a store.</summary>
public sealed class LeaseWatchTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_break_is_told_and_nothing_of_it_is_lost(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        var store = new FaultyStore(bed.Store);
        await using var watch = await LeaseWatch.BeginAsync(store, bed.Keys.Prefix, existing: true, since: null, TimeProvider.System, bed.Limit);
        Assert.Equal("Added 10.5.1.0/24", await NextAsync(watch, bed));
        store.Away = true;
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.2");
        Assert.Equal("Broken", await NextAsync(watch, bed));
        await bed.DeleteAsync("10.5.1.0-24");
        store.Away = false;
        var told = new List<string>();
        while (!told.Contains("Removed 10.5.1.0/24"))
            told.Add(await NextAsync(watch, bed));
        Assert.Equal(["Resumed", "Added 10.5.2.0/24", "Removed 10.5.1.0/24"], told.Where(line => line != "Broken"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task History_that_is_gone_is_told_by_a_reset_and_the_differences(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.2");
        await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.3");
        var store = new FaultyStore(bed.Store);
        await using var watch = await LeaseWatch.BeginAsync(store, bed.Keys.Prefix, existing: false, since: null, TimeProvider.System, bed.Limit);
        store.Away = true;
        await bed.DeleteAsync("10.5.1.0-24");
        Assert.Equal("Broken", await NextAsync(watch, bed));
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.22");
        await bed.PutForeignAsync("10.5.4.0-24", "192.0.2.4");
        await bed.CompactAsync();
        store.Away = false;
        var told = new List<string>();
        while (told.Count == 0 || told[^1] != "Added 10.5.4.0/24")
            told.Add(await NextAsync(watch, bed));
        Assert.Equal(["Reset", "Removed 10.5.1.0/24", "Updated 10.5.2.0/24", "Added 10.5.4.0/24"], told.Where(line => line is not ("Broken" or "Resumed")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_stands_unchanged_since_the_revision_is_known_and_not_told_after_a_reset(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        var since = (await bed.ListAsync()).Revision;
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.2");
        var store = new FaultyStore(bed.Store);
        await using var watch = await LeaseWatch.BeginAsync(store, bed.Keys.Prefix, existing: false, since, TimeProvider.System, bed.Limit);
        Assert.Equal("Added 10.5.2.0/24", await NextAsync(watch, bed));
        store.Away = true;
        await bed.PutForeignAsync("10.5.3.0-24", "192.0.2.3");
        Assert.Equal("Broken", await NextAsync(watch, bed));
        await bed.CompactAsync();
        await bed.PutForeignAsync("10.5.4.0-24", "192.0.2.4");
        await bed.CompactAsync();
        store.Away = false;
        var told = new List<string>();
        while (!told.Contains("Added 10.5.4.0/24"))
            told.Add(await NextAsync(watch, bed));
        Assert.DoesNotContain(told, line => line.Contains("10.5.1.0", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task It_ends_by_its_count_by_its_time_and_by_its_token(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.2");
        Assert.Equal(1, await CountAsync(new(true, null, 1, Timeout.InfiniteTimeSpan), bed.Limit));
        Assert.Equal(2, await CountAsync(new(true, null, long.MaxValue, TimeSpan.FromMilliseconds(300)), bed.Limit));
        using var stop = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CountAsync(new(true, null, long.MaxValue, Timeout.InfiniteTimeSpan), stop.Token));

        async Task<int> CountAsync(LeaseWatchRequest request, CancellationToken token)
        {
            var count = 0;
            await foreach (var _ in LeaseWatch.ReadAsync(bed.Store, bed.Keys.Prefix, request, TimeProvider.System, token))
                count++;
            return count;
        }
    }

    [Fact]
    public async Task A_store_that_does_not_answer_at_the_beginning_is_an_error()
    {
        await using var bed = StoreBed.Open(StoreBed.Local, etcd);
        var store = new FaultyStore(bed.Store) { Away = true };
        await Assert.ThrowsAsync<StoreException>(() => LeaseWatch.BeginAsync(store, bed.Keys.Prefix, existing: true, since: null, TimeProvider.System, bed.Limit));
    }

    private static async Task<string> NextAsync(LeaseWatch watch, StoreBed bed)
        => await watch.NextAsync(TimeSpan.FromSeconds(30), bed.Limit) is { } change ? $"{change.Kind} {change.Lease?.Subnet}".Trim() : "nothing";
}
