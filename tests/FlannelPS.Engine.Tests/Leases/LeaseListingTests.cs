using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Lists for people: all leases, in order, with their times, the first one soon.</summary>
public sealed class LeaseListingTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task Every_lease_comes_once_in_order_with_its_time_and_the_first_alone(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var lease = (await bed.Store.GrantAsync(600, bed.Limit)).Id;
        var keys = Enumerable.Range(0, 700).Select(i => $"10.{5 + i / 250}.{i % 250}.0-24").ToList();
        await Task.WhenAll(keys.Chunk(100).Select(chunk => bed.Store.TxnAsync(
            new([], [.. chunk.Select(key => new StoreOperation.Put(bed.Keys.SubnetPrefix + key, System.Text.Encoding.UTF8.GetBytes(StoreBed.Value("192.0.2.7")), lease))]), bed.Limit)));
        await bed.PutAsync("10.5.1.0-24", StoreBed.Value("192.0.2.9"));
        await bed.PutAsync("junk", "junk");
        var batches = await ReadAsync(bed.Store, bed, _ => true);
        Assert.Single(batches[0]);
        Assert.All(batches, batch => Assert.InRange(batch.Count, 1, 64));
        var listed = batches.SelectMany(batch => batch).ToList();
        Assert.Equal(keys.Order(StringComparer.Ordinal), listed.Where(one => one.Lease is not null).Select(one => one.Lease!.Key[bed.Keys.SubnetPrefix.Length..]));
        Assert.EndsWith("/junk", Assert.Single(listed, one => one.Invalid is not null).Invalid!.Key);
        Assert.Null(Assert.Single(listed, one => one.Lease?.IsReservation == true).Life);
        Assert.All(listed.Where(one => one.Lease?.IsReservation == false), one => Assert.InRange(one.Life!.TtlSeconds, 500, 600));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_the_filter_leaves_out_is_asked_nothing(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        await bed.PutForeignAsync("10.5.2.0-24", "192.0.2.2");
        var asked = 0;
        var store = new FaultyStore(bed.Store) { Before = (call, _) => asked += call == "ttl" ? 1 : 0 };
        var listed = Assert.Single(await ReadAsync(store, bed, lease => lease.Attributes.PublicIp.ToString() == "192.0.2.2"));
        Assert.Equal("10.5.2.0/24", Assert.Single(listed).Lease!.Subnet.ToString());
        Assert.Equal(1, asked);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_reader_that_has_seen_enough_ends_it_and_a_failure_is_told(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        await bed.PutForeignAsync("10.5.1.0-24", "192.0.2.1");
        await foreach (var batch in LeaseListing.ReadAsync(bed.Store, bed.Keys.Prefix, _ => true, TimeProvider.System, bed.Limit))
        {
            Assert.Single(batch);
            break;
        }
        var store = new FaultyStore(bed.Store) { Before = (call, _) => FaultyStore.If(call == "ttl", FaultyStore.Unreachable) };
        await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, bed, _ => true));
    }

    private static async Task<List<IReadOnlyList<ListedLease>>> ReadAsync(IStore store, StoreBed bed, Func<Lease, bool> filter)
    {
        var batches = new List<IReadOnlyList<ListedLease>>();
        await foreach (var batch in LeaseListing.ReadAsync(store, bed.Keys.Prefix, filter, TimeProvider.System, bed.Limit))
            batches.Add(batch);
        return batches;
    }
}
