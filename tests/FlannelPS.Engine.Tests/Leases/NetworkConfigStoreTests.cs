using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>The configuration's change rests on what was read: whoever is faster, nothing of theirs is overwritten.</summary>
public sealed class NetworkConfigStoreTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private static readonly byte[] One = Encoding.UTF8.GetBytes("""{"Network":"10.1.0.0/16"}""");
    private static readonly byte[] Two = Encoding.UTF8.GetBytes("""{"Network":"10.2.0.0/16"}""");

    public static TheoryData<string> Kinds => StoreBed.Kinds;

    private static async Task<string?> TextAsync(NetworkConfigStore network, StoreBed bed)
        => (await network.ReadAsync(bed.Limit)).Json is { } json ? Encoding.UTF8.GetString(json.Span) : null;

    [Theory, MemberData(nameof(Kinds))]
    public async Task It_is_written_read_and_removed(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var network = new NetworkConfigStore(bed.Store, bed.Keys.Prefix);
        var nothing = await network.ReadAsync(bed.Limit);
        Assert.Null(nothing.Json);
        var revision = await network.WriteAsync(One, nothing, null, bed.Limit);
        var stored = await network.ReadAsync(bed.Limit);
        Assert.Equal((revision, nothing.Origin), (stored.Revision, stored.Origin));
        Assert.NotNull(await network.RemoveAsync(stored, await network.LeasesAsync(bed.Limit), bed.Limit));
        Assert.Null(await TextAsync(network, bed));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Who_comes_second_writes_and_removes_nothing(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var network = new NetworkConfigStore(bed.Store, bed.Keys.Prefix);
        var nothing = await network.ReadAsync(bed.Limit);
        await network.WriteAsync(One, nothing, null, bed.Limit);
        Assert.Null(await network.WriteAsync(Two, nothing, null, bed.Limit));
        var seen = await network.ReadAsync(bed.Limit);
        await network.WriteAsync(Two, seen, null, bed.Limit);
        Assert.Null(await network.WriteAsync(One, seen, null, bed.Limit));
        Assert.Null(await network.RemoveAsync(seen, null, bed.Limit));
        Assert.Equal(Encoding.UTF8.GetString(Two), await TextAsync(network, bed));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_lease_that_is_taken_in_between_stops_the_change(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var network = new NetworkConfigStore(bed.Store, bed.Keys.Prefix);
        await network.WriteAsync(One, await network.ReadAsync(bed.Limit), null, bed.Limit);
        var (seen, leases) = (await network.ReadAsync(bed.Limit), await network.LeasesAsync(bed.Limit));
        Assert.Empty(leases.Leases);
        await bed.Store.PutAsync(bed.Keys.SubnetPrefix + "10.1.1.0-24", """{"PublicIP":"192.0.2.1"}"""u8.ToArray(), 0, bed.Limit);
        Assert.Null(await network.WriteAsync(Two, seen, leases, bed.Limit));
        Assert.Null(await network.RemoveAsync(seen, leases, bed.Limit));
        Assert.NotNull(await network.WriteAsync(Two, seen, await network.LeasesAsync(bed.Limit), bed.Limit));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_lost_answer_is_looked_after(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var faulty = new FaultyStore(bed.Store);
        var network = new NetworkConfigStore(faulty, bed.Keys.Prefix);
        var nothing = await network.ReadAsync(bed.Limit);
        faulty.After = (name, _) => FaultyStore.If(name == "txn", FaultyStore.Lost);
        var revision = await network.WriteAsync(One, nothing, null, bed.Limit);
        Assert.Equal(revision, (await network.ReadAsync(bed.Limit)).Revision);
        faulty.After = (_, _) => { };
        faulty.Before = (name, _) => FaultyStore.If(name == "txn", FaultyStore.Lost);
        var seen = await network.ReadAsync(bed.Limit);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => network.WriteAsync(Two, seen, null, bed.Limit))).Ambiguous);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => network.RemoveAsync(seen, null, bed.Limit))).Ambiguous);
        faulty.Before = (_, _) => { };
        faulty.After = (name, _) => FaultyStore.If(name == "txn", FaultyStore.Lost);
        Assert.NotNull(await network.RemoveAsync(seen, null, bed.Limit));
    }
}
