using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>The sign of life beside the leases.</summary>
public sealed class NodeClaimKeeperTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    public static TheoryData<string> Kinds => StoreBed.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_claim_stands_while_the_node_runs_and_goes_with_it(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var (keeping, _) = Keep(bed, bed.Store, stop.Token);
        await bed.UntilAsync(async () => await ReadAsync(bed) is not null);
        var item = (await ReadAsync(bed))!;
        var claim = NodeClaim.Read(item.Value)!;
        Assert.Equal(("nonce-a", "10.5.3.0-24", Environment.MachineName), (claim.Nonce, claim.Subnet, claim.Host));
        Assert.Equal(NodeClaim.TtlSeconds, (await bed.Store.TimeToLiveAsync(item.LeaseId, bed.Limit)).GrantedTtlSeconds);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeping);
        Assert.Null(await ReadAsync(bed));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F14_a_user_who_may_not_write_it_is_told_once_and_the_node_goes_on(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var faulty = new FaultyStore(bed.Store) { Before = (call, _) => FaultyStore.If(call == "txn", FaultyStore.Denied) };
        var (keeping, log) = Keep(bed, faulty, stop.Token);
        await bed.UntilAsync(() => log.Lines.Count > 0);
        // A task that ends takes the node down.
        Assert.NotSame(keeping, await Task.WhenAny(keeping, Task.Delay(300, bed.Limit)));
        Assert.Contains("may not write", Assert.Single(log.Lines));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F08_a_claim_that_was_not_written_is_written_at_the_next_sign(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var failures = 0;
        var faulty = new FaultyStore(bed.Store) { Before = (call, _) => FaultyStore.If(call == "txn" && failures++ == 0, FaultyStore.Unreachable) };
        Keep(bed, faulty, stop.Token);
        await bed.UntilAsync(async () => await ReadAsync(bed) is not null);
        Assert.Equal(2, failures);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_claim_of_our_run_before_is_replaced(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var old = await bed.Store.GrantAsync(60, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("before", "", "host", "1").Write(), old.Id, bed.Limit);
        Keep(bed, bed.Store, stop.Token);
        await bed.UntilAsync(async () => NodeClaim.Read((await ReadAsync(bed))!.Value)!.Nonce == "nonce-a");
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F30_a_claim_of_our_identity_that_has_missed_a_sign_is_replaced_whoever_made_it(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var taken = new List<string>();
        // A run that was killed before it was remembered.
        var old = await bed.Store.GrantAsync(NodeClaim.DeadBelowSeconds - 1, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("forgotten", "", "host", "1").Write(), old.Id, bed.Limit);
        Keep(bed, bed.Store, stop.Token, told: taken);
        await bed.UntilAsync(async () => NodeClaim.Read((await ReadAsync(bed))!.Value)!.Nonce == "nonce-a");
        Assert.Equal(0, Count(taken));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F24_a_second_machine_of_our_identity_shows_at_the_next_sign_when_it_wrote_over_our_claim(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var time = new SteppedTime();
        var taken = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        Keep(bed, bed.Store, stop.Token, time, taken);
        await bed.UntilAsync(async () => await ReadAsync(bed) is not null);
        var theirs = await bed.Store.GrantAsync(60, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("clone", "10.5.3.0-24", "its-host", "1").Write(), theirs.Id, bed.Limit);
        await time.UntilAsync(() => Count(taken) > 0, bed.Limit);
        Assert.Contains("its-host", taken[0]);
        Assert.Equal("clone", NodeClaim.Read((await ReadAsync(bed))!.Value)!.Nonce);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task F24_a_second_machine_of_our_identity_that_was_refused_is_told_on_this_side_too_and_once(string kind)
    {
        await using var bed = StoreBed.Open(kind, etcd);
        var time = new SteppedTime();
        var taken = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var (_, log) = Keep(bed, bed.Store, stop.Token, time, taken);
        await bed.UntilAsync(async () => await ReadAsync(bed) is not null);
        var clone = bed.Acquisition(StoreBed.Request("a", "192.0.2.7", nonce: "clone"), waiting: (_, _) => time.Advance(TimeSpan.FromSeconds(10))).AcquireAsync(Given.Config(), null, bed.Limit);
        Assert.Contains("identity", (await Assert.ThrowsAsync<LeaseConflictException>(() => clone)).Message);
        await time.UntilAsync(() => log.Count > 0, bed.Limit);
        var claims = await bed.Store.RangeAsync(bed.Keys.Claims, bed.Limit);
        Assert.Equal([bed.Keys.ClaimPrefix + "a", bed.Keys.ClaimPrefix + "a/clone"], claims.Keys.Select(item => item.Key));
        for (var i = 0; i < 30; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        await Task.Delay(50, bed.Limit);
        Assert.Contains("second machine", Assert.Single(log.All));
        Assert.Empty(taken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task F24_the_run_before_ours_is_looked_at_whether_it_is_really_dead(bool isAlive)
    {
        // The store's clock is the test's too, so that claims die by it.
        var time = new SteppedTime();
        await using var bed = StoreBed.Open(StoreBed.Local, etcd, time);
        var taken = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var before = await bed.Store.GrantAsync(NodeClaim.TtlSeconds, bed.Limit);
        await bed.Store.PutAsync(bed.Keys.ClaimPrefix + "a", new NodeClaim("before", "10.5.3.0-24", "its-host", "1").Write(), before.Id, bed.Limit);
        var (looks, signsAfter) = (0, 0);
        var watched = new FaultyStore(bed.Store)
        {
            Before = (call, _) =>
            {
                looks += call == "ttl" ? 1 : 0;
                signsAfter += call == "keepalive" && looks > 1 ? 1 : 0;
            },
        };
        Keep(bed, watched, stop.Token, time, taken);
        await bed.UntilAsync(async () => NodeClaim.Read((await ReadAsync(bed))!.Value)!.Nonce == "nonce-a");
        time.Advance(TimeSpan.FromSeconds(5));
        if (isAlive)
            await bed.Store.KeepAliveAsync(before.Id, bed.Limit);
        await time.UntilAsync(() => isAlive ? Count(taken) > 0 : signsAfter > 0, bed.Limit);
        if (isAlive)
            Assert.Contains("its-host", taken[0]);
        else
            Assert.Empty(taken);
    }

    private static int Count(List<string> list)
    {
        lock (list)
            return list.Count;
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Nonce\":7}")]
    [InlineData("junk")]
    public void F66_what_is_no_claim_is_none(string value) => Assert.Null(NodeClaim.Read(System.Text.Encoding.UTF8.GetBytes(value)));

    private static (Task Keeping, LogLines Log) Keep(StoreBed bed, IStore store, CancellationToken stop, TimeProvider? time = null, List<string>? told = null)
    {
        var log = new LogLines();
        var keeper = new NodeClaimKeeper(store, bed.Keys, StoreBed.Request("a", "192.0.2.1", previousNonce: "before"), "1", time ?? TimeProvider.System, log);
        return (keeper.KeepAsync(Given.Subnet("10.5.3.0-24"), by =>
        {
            lock (told ??= [])
                told.Add(by);
        }, stop), log);
    }

    private static async Task<StoreKey?> ReadAsync(StoreBed bed) => (await bed.Store.RangeAsync(KeyRange.One(bed.Keys.ClaimPrefix + "a"), bed.Limit)).Keys.SingleOrDefault();
}
