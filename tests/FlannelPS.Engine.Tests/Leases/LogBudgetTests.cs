using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Etcd;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Who floods the store does not flood the log.</summary>
public sealed class LogBudgetTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    [Fact]
    public void I7_so_many_lines_a_minute_and_then_the_number_of_the_others()
    {
        var time = new SteppedTime();
        var budget = new LogBudget(time, 3);
        Assert.Equal(3, Enumerable.Range(0, 100).Count(_ => budget.Allow(out var more) && more == 0));
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.True(budget.Allow(out var suppressed));
        Assert.Equal(97, suppressed);
        Assert.True(budget.Allow(out suppressed));
        Assert.Equal(0, suppressed);
    }

    [Fact]
    public async Task F66_I7_bad_keys_that_come_in_many_batches_are_not_told_one_by_one()
    {
        await using var bed = StoreBed.Open(StoreBed.Local, etcd);
        var log = new LogLines();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(bed.Limit);
        var follower = new LeaseFollower(bed.Store, bed.Keys, TimeSpan.FromSeconds(60), TimeProvider.System, log);
        var following = follower.FollowAsync(null, _ => { }, stop.Token);
        for (var i = 0; i < 200; i++)
            await bed.PutAsync($"junk-{i}", "junk");
        await bed.UntilAsync(() => follower.Table.Invalid.Count == 200);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        Assert.Equal(20, log.Count);
    }
}
