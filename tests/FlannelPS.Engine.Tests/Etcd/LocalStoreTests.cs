using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>What is the local store's own: its journal, and what may happen to it.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class LocalStoreTests : IDisposable
{
    private static readonly KeyRange Everything = KeyRange.Prefix("/");
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"flannelps-store-{Guid.NewGuid():N}");

    private string JournalPath => Path.Combine(_folder, "journal");

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task F64_Folder_and_journal_are_the_owners_alone()
    {
        await using var store = Open();
        await store.PutAsync("/k", default, 0, Limit);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(JournalPath));
        Assert.Equal([JournalPath], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task F30_A_torn_last_line_is_ignored_and_the_next_writer_removes_it()
    {
        await using (var store = Open())
            await store.PutAsync("/k", "1"u8.ToArray(), 0, Limit);
        await using var reader = Open();
        await using var writer = Open();
        foreach (var torn in new[] { "1", "deadbeef {\"rev\":3,\"keys\":[{\"key\":\"/k\",\"val", new string('x', 100_000), new string('\0', 5000) })
        {
            await File.AppendAllTextAsync(JournalPath, torn, Limit);
            var before = (await reader.RangeAsync(Everything, Limit)).Revision;
            Assert.Equal(before + 1, await writer.PutAsync("/k", Encoding.UTF8.GetBytes(torn), 0, Limit));
            Assert.Equal(torn, Encoding.UTF8.GetString((await reader.RangeAsync(Everything, Limit)).Keys.Single().Value.Span));
        }
        Assert.Equal(6, (await File.ReadAllLinesAsync(JournalPath, Limit)).Length);
    }

    [Fact]
    public async Task F63_A_damaged_line_is_told_and_left_as_it_is()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 5; i++)
                await store.PutAsync($"/{i}", "some value"u8.ToArray(), 0, Limit);
        }
        var good = await File.ReadAllBytesAsync(JournalPath, Limit);
        var bad = good.ToArray();
        bad[Array.IndexOf(bad, (byte)'\n') + 30] ^= 1;
        await File.WriteAllBytesAsync(JournalPath, bad, Limit);

        await using var damaged = Open();
        var read = await Assert.ThrowsAsync<StoreException>(() => damaged.RangeAsync(Everything, Limit));
        var write = await Assert.ThrowsAsync<StoreException>(() => damaged.PutAsync("/k", default, 0, Limit));
        Assert.All([read, write], e => Assert.Contains($"{JournalPath} is damaged at line 2", e.Message, StringComparison.Ordinal));
        Assert.Contains("damaged", Assert.Single(await damaged.StatusAsync(Limit)).Error!, StringComparison.Ordinal);
        Assert.Equal(bad, await File.ReadAllBytesAsync(JournalPath, Limit));

        await File.WriteAllBytesAsync(JournalPath, good, Limit);
        Assert.Equal(5, (await damaged.RangeAsync(Everything, Limit)).Keys.Count);
    }

    [Fact]
    public async Task Damage_ends_an_open_watch_with_the_reason()
    {
        await using var store = Open();
        await store.PutAsync("/k", default, 0, Limit);
        await using var watch = store.WatchAsync(Everything, 1, Limit).GetAsyncEnumerator(Limit);
        Assert.True(await watch.MoveNextAsync());
        await File.AppendAllTextAsync(JournalPath, "00000000 {\"rev\":3}\n", Limit);
        var told = await Assert.ThrowsAsync<StoreException>(async () => await watch.MoveNextAsync());
        Assert.Contains("damaged at line 3", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_reboot_a_lease_has_its_full_time_again_and_then_ends()
    {
        EtcdLease lease;
        await using (var before = Open(new Clock(TimeSpan.FromDays(10)), "first boot"))
        {
            lease = await before.GrantAsync(2, Limit);
            await before.PutAsync("/k", default, lease.Id, Limit);
        }
        await using var after = Open(new Clock(TimeSpan.FromSeconds(5)), "second boot");
        Assert.InRange((await after.TimeToLiveAsync(lease.Id, Limit)).TtlSeconds, 1, 2);
        Assert.Single((await after.RangeAsync(Everything, Limit)).Keys);
        var since = Stopwatch.StartNew();
        await using var watch = after.WatchAsync(Everything, 3, Limit).GetAsyncEnumerator(Limit);
        Assert.True(await watch.MoveNextAsync());
        Assert.IsType<StoreEvent.Deleted>(watch.Current.Events.Single());
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_lease_that_ended_while_nobody_was_there_is_gone_at_the_first_look()
    {
        var clock = new Clock(TimeSpan.FromHours(1));
        EtcdLease lease;
        await using (var before = Open(clock))
        {
            lease = await before.GrantAsync(60, Limit);
            await before.PutAsync("/k", default, lease.Id, Limit);
        }
        clock.Ahead += TimeSpan.FromSeconds(61);
        await using var after = Open(clock);
        Assert.Empty((await after.RangeAsync(Everything, Limit)).Keys);
        Assert.Equal(0, await after.KeepAliveAsync(lease.Id, Limit));
    }

    [Fact]
    public async Task The_journal_stays_short_over_ten_thousand_renewals()
    {
        await using var store = Open(slack: 64 * 1024);
        var lease = await store.GrantAsync(60, Limit);
        await store.PutAsync("/k", new byte[300], lease.Id, Limit);
        var longest = 0L;
        for (var i = 0; i < 10_000; i++)
        {
            await store.KeepAliveAsync(lease.Id, Limit);
            longest = Math.Max(longest, new FileInfo(JournalPath).Length);
        }
        Assert.InRange(longest, 60 * 1024, 70 * 1024);
        Assert.Single((await store.RangeAsync(Everything, Limit)).Keys);
    }

    [Fact]
    public async Task F05_A_watch_loses_nothing_while_another_handle_rewrites_the_journal_again_and_again()
    {
        await using var writer = Open(slack: 20_000);
        await using var reader = Open(slack: 20_000);
        var seen = new List<long>();
        var watching = WatchAsync();
        for (var i = 0; i < 3000; i++)
            await writer.PutAsync("/k", BitConverter.GetBytes((long)i), 0, Limit);
        await watching;
        Assert.Equal(Enumerable.Range(0, 3000).Select(i => (long)i), seen);

        // A watch that falls two rewritings behind is told so, lists and goes on: nothing is missed unnoticed.
        async Task WatchAsync()
        {
            var next = 1L;
            while (seen.Count < 3000)
            {
                try
                {
                    await foreach (var batch in reader.WatchAsync(Everything, next, Limit))
                    {
                        next = batch.NextRevision;
                        seen.AddRange(batch.Events.OfType<StoreEvent.Put>().Select(put => BitConverter.ToInt64(put.Item.Value.Span)));
                        if (seen.Count >= 3000)
                            return;
                    }
                }
                catch (StoreCompactedException)
                {
                    var list = await reader.RangeAsync(Everything, Limit);
                    var now = BitConverter.ToInt64(list.Keys.Single().Value.Span);
                    for (var missed = seen.Count; missed <= now; missed++)
                        seen.Add(missed);
                    next = list.Revision + 1;
                }
            }
        }
    }

    [Fact]
    public async Task F10_A_store_made_anew_is_another_cluster_and_ends_the_watches()
    {
        await using var store = Open();
        await store.PutAsync("/k", default, 0, Limit);
        var first = await store.RangeAsync(Everything, Limit);
        await using var watch = store.WatchAsync(Everything, first.Revision + 1, Limit).GetAsyncEnumerator(Limit);
        var waiting = watch.MoveNextAsync().AsTask();
        Assert.False(waiting.IsCompleted);

        var aside = _folder + ".old";
        Directory.CreateDirectory(aside);
        File.Move(JournalPath, Path.Combine(aside, "journal"));
        File.Delete(Path.Combine(aside, "journal"));
        Directory.Delete(aside);
        await Assert.ThrowsAnyAsync<StoreException>(() => store.PutAsync("/k", default, 0, Limit));
        await Assert.ThrowsAnyAsync<StoreException>(() => waiting);

        await using var anew = Open();
        await anew.PutAsync("/other", default, 0, Limit);
        var second = await store.RangeAsync(Everything, Limit);
        Assert.Equal(["/other"], second.Keys.Select(key => key.Key));
        Assert.NotEqual(first.ClusterId, second.ClusterId);
    }

    [Fact]
    public async Task A_folder_removed_under_an_open_store_ends_the_watch_and_is_not_made_again()
    {
        await using var store = Open();
        await store.PutAsync("/k", default, 0, Limit);
        await using var watch = store.WatchAsync(Everything, 3, Limit).GetAsyncEnumerator(Limit);
        var waiting = watch.MoveNextAsync().AsTask();
        Directory.Delete(_folder, recursive: true);
        await Assert.ThrowsAnyAsync<StoreException>(() => waiting);
        await Assert.ThrowsAnyAsync<StoreException>(() => store.PutAsync("/k", default, 0, Limit));
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task A_quiet_watch_says_how_far_it_has_seen()
    {
        await using var store = Open(new Hurried());
        var start = await store.PutAsync("/other", default, 0, Limit) + 1;
        await using var watch = store.WatchAsync(KeyRange.Prefix("/quiet/"), start, Limit).GetAsyncEnumerator(Limit);
        Assert.True(await watch.MoveNextAsync());
        Assert.Empty(watch.Current.Events);
        Assert.Equal(start, watch.Current.NextRevision);

        var next = await store.PutAsync("/other", default, 0, Limit) + 1;
        while (watch.Current.NextRevision < next)
            Assert.True(await watch.MoveNextAsync());
        Assert.Equal(next, watch.Current.NextRevision);
        await store.PutAsync("/quiet/k", default, 0, Limit);
        while (watch.Current.Events.Count == 0)
            Assert.True(await watch.MoveNextAsync());
        Assert.Equal(next + 1, watch.Current.NextRevision);
    }

    private LocalStore Open(TimeProvider? time = null, string? boot = null, long slack = 1 << 20)
        => new(_folder, NullLogger.Instance, time ?? TimeProvider.System, () => boot ?? "this boot", slack);

    /// <summary>The system's clock with timers that are due a thousand times too soon.</summary>
    private sealed class Hurried : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
            => System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 1000 : dueTime, period);
    }

    /// <summary>The system's clock, as it would be so long after boot.</summary>
    private sealed class Clock(TimeSpan ahead) : TimeProvider
    {
        private readonly long _start = System.GetTimestamp();

        public TimeSpan Ahead { get; set; } = ahead;

        public override long GetTimestamp() => System.GetTimestamp() - _start + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
