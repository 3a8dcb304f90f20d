using System.Text;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public sealed partial class LocalStoreTests
{
    [Fact]
    public async Task F30_Writers_killed_at_any_time_lose_nothing_that_was_acknowledged_and_damage_nothing()
    {
        const int Rounds = 8;
        await using var watching = OpenHere(slack: 200_000);
        var acknowledged = new Dictionary<string, int>();
        using var steady = new LocalStoreProbe("count", _folder, "/steady");
        var steadily = steady.ToEndAsync(Limit);
        for (var round = 0; round < Rounds; round++)
        {
            var key = $"/killed/{round:d2}";
            using var victim = new LocalStoreProbe("count", _folder, key);
            for (var said = 0; said < 20 + round * 7; said++)
                await victim.SaysAsync(Limit);
            victim.Kill();
            acknowledged[key] = int.Parse(await victim.ToEndAsync(Limit));
            // Whoever is left goes on, and so do we.
            await watching.PutAsync("/mine", Encoding.UTF8.GetBytes($"{round} "), 0, Limit);
        }
        steady.Kill();
        acknowledged["/steady"] = int.Parse(await steadily);

        await using var anew = OpenHere();
        var counts = (await anew.RangeAsync(Everything, Limit)).Keys.ToDictionary(key => key.Key, key => int.Parse(Encoding.UTF8.GetString(key.Value.Span).Split(' ')[0]));
        Assert.Equal(Rounds - 1, counts["/mine"]);
        // A kill may fall between the writing and the saying: one more than it said.
        Assert.All(acknowledged, said => Assert.InRange(counts[said.Key], said.Value, said.Value + 1));
        Assert.Equal(counts.Count, (await watching.RangeAsync(Everything, Limit)).Keys.Count);
    }

    [Fact]
    public async Task Of_three_processes_exactly_one_creates_each_key()
    {
        var probes = Enumerable.Range(0, 3).Select(_ => new LocalStoreProbe("create", _folder, "300")).ToArray();
        try
        {
            var won = await Task.WhenAll(probes.Select(probe => probe.SaysAsync(Limit)));
            Assert.Equal(300, won.Sum(int.Parse!));
            await using var store = OpenHere();
            Assert.Equal((300, 301), ((await store.RangeAsync(Everything, Limit)).Keys.Count, (int)(await store.RangeAsync(Everything, Limit)).Revision));
        }
        finally
        {
            foreach (var probe in probes)
                probe.Dispose();
        }
    }

    [Fact]
    public async Task The_keys_of_a_killed_process_die_with_its_lease_and_another_process_is_told()
    {
        await using var store = OpenHere();
        await using var watch = store.WatchAsync(KeyRange.One("/theirs"), 1, Limit).GetAsyncEnumerator(Limit);
        using var probe = new LocalStoreProbe("lease", _folder, "/theirs");
        Assert.True(await watch.MoveNextAsync());
        Assert.IsType<StoreEvent.Put>(watch.Current.Events.Single());
        for (var i = 0; i < 10; i++)
            Assert.Equal("alive", await probe.SaysAsync(Limit));
        probe.Kill();
        Assert.True(await watch.MoveNextAsync());
        Assert.IsType<StoreEvent.Deleted>(watch.Current.Events.Single());
    }

    [Fact]
    public async Task F35_Opening_and_disposing_leaves_nothing_open()
    {
        using var probe = new LocalStoreProbe("open", _folder, "100");
        Assert.Equal("0 descriptors, 0 threads", await probe.SaysAsync(Limit));
    }

    [Fact]
    public async Task F60_A_full_disk_loses_nothing_stops_no_reading_and_is_written_to_again_when_there_is_room()
    {
        Directory.CreateDirectory(_folder);
        using var probe = LocalStoreProbe.OnSmallDisk(400, "fill", _folder, "ballast");
        var first = await probe.SaysAsync(Limit);
        if (first is null)
            Assert.Skip("no mount namespace can be made here (needs root and unshare)");
        Assert.Equal("ReadOnly not written", first);
        Assert.Equal("0", await probe.SaysAsync(Limit));
        // One more, and the key whose lease ended meanwhile is gone.
        Assert.Equal("1", await probe.SaysAsync(Limit));
    }

    [Fact]
    public async Task F34_Without_inotify_a_watch_still_hears_of_other_processes()
    {
        await using var store = OpenHere();
        await store.PutAsync("/before", default, 0, Limit);
        using var probe = LocalStoreProbe.WithoutInotify("watch", _folder, "/seen/");
        if (await probe.SaysAsync(Limit) is null)
            Assert.Skip("no user namespace can be made here (needs unshare and user.max_user_namespaces)");
        for (var i = 0; i < 3; i++)
        {
            await store.PutAsync($"/seen/{i}", default, 0, Limit);
            Assert.Equal($"/seen/{i}", await probe.SaysAsync(Limit));
        }
    }

    /// <summary>As another process opens it: with the machine's own boot.</summary>
    private Engine.Etcd.Local.LocalStore OpenHere(long slack = 1 << 20)
        => Open(boot: File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), slack: slack);
}
