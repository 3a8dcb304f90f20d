using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Keys and times that leases live by.</summary>
public sealed class LeaseSettingsTests
{
    [Theory]
    [InlineData("/coreos.com/network", "/coreos.com/network")]
    [InlineData("/coreos.com/network/", "/coreos.com/network")]
    [InlineData("//coreos.com//network//", "/coreos.com/network")]
    [InlineData("coreos.com/network", "coreos.com/network")]
    [InlineData("x", "x")]
    public void A_prefix_is_joined_as_the_original_joins_paths(string given, string prefix)
    {
        var keys = new StoreKeys(given);
        Assert.Equal((prefix + "/config", prefix + "/subnets/", prefix + "/flannelps/nodes/"), (keys.Config, keys.SubnetPrefix, keys.ClaimPrefix));
        Assert.Equal(prefix + "/subnets/10.5.1.0-24", keys.Of(Given.Subnet("10.5.1.0-24")));
        Assert.Equal((prefix + "/subnets/", prefix + "/subnets0"), (keys.Subnets.Key, keys.Subnets.End));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("//")]
    public void A_prefix_that_names_no_place_is_refused(string prefix) => Assert.Throws<ArgumentException>(() => new StoreKeys(prefix));

    [Theory]
    [InlineData(86400, 3600, 28800)]
    [InlineData(86400, 60, 28800)]
    [InlineData(86400, 72000, 28800)]
    [InlineData(90, 30, 30)]
    [InlineData(15, 3600, 5)]
    [InlineData(6, 0, 2)]
    public void F09_a_lease_is_renewed_after_a_third_of_its_life(long ttl, int margin, int after)
        => Assert.Equal(TimeSpan.FromSeconds(after), new LeaseSettings(ttl, TimeSpan.FromSeconds(margin)).RenewAfter);

    [Fact]
    public void Waiting_doubles_up_to_its_cap_with_a_quarter_of_jitter_and_starts_over()
    {
        var backoff = new Backoff(TimeProvider.System, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        for (var run = 0; run < 2; run++)
        {
            foreach (var expected in (int[])[100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
                Assert.InRange(backoff.Next().TotalMilliseconds, expected * 0.75, expected * 1.25);
            backoff.Reset();
        }
        Assert.True(Enumerable.Range(0, 20).Select(_ => { backoff.Reset(); return backoff.Next(); }).Distinct().Count() > 10);
    }
}
