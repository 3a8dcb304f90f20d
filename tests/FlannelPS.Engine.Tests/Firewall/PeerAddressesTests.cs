using System.Net;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Firewall;

public sealed class PeerAddressesTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void F74_A_peer_that_left_or_changed_its_address_may_speak_for_a_while_longer()
    {
        var peers = new PeerAddresses(_time);
        Assert.False(peers.IsKnown);
        Assert.Equal(Set(1, 2), peers.Update(Set(1, 2))!.ToHashSet());
        Assert.True(peers.IsKnown);
        Assert.Null(peers.NextChange());
        Assert.Equal(Set(3), peers.Update(Set(1, 3))!.ToHashSet());
        Assert.Equal(Set(1, 2, 3), peers.Current().ToHashSet());
        Assert.InRange(peers.NextChange()!.Value, TimeSpan.FromSeconds(20), PeerAddresses.Grace);
        _time.Advance(PeerAddresses.Grace);
        Assert.True(peers.NextChange() <= TimeSpan.Zero);
        Assert.Equal(Set(1, 3), peers.Current().ToHashSet());
        Assert.Null(peers.NextChange());
    }

    [Fact]
    public void One_that_comes_back_in_time_never_left()
    {
        var peers = new PeerAddresses(_time);
        peers.Update(Set(1));
        Assert.Null(peers.Update(Set(1)));
        peers.Update(Set());
        Assert.Empty(peers.Update(Set(1))!);
        _time.Advance(PeerAddresses.Grace * 2);
        Assert.Equal(Set(1), peers.Current().ToHashSet());
    }

    [Fact]
    public void Who_undoes_the_rules_for_ever_is_slowed_down_and_a_hundred_reloads_are_not()
    {
        var budget = new RepairBudget(_time);
        for (var i = 0; i < 150; i++)
            budget.Take();
        Assert.False(budget.IsExhausted);
        Assert.InRange(budget.Spacing, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        for (var i = 0; i < 100; i++)
            budget.Take();
        Assert.True(budget.IsExhausted);
        Assert.Equal(TimeSpan.FromSeconds(1), budget.Spacing);
        budget.Rest();
        Assert.True(budget.IsExhausted);
        _time.Advance(TimeSpan.FromMinutes(5));
        budget.Rest();
        Assert.False(budget.IsExhausted);
    }

    private static HashSet<IPAddress> Set(params int[] hosts) => [.. hosts.Select(host => IPAddress.Parse($"192.0.2.{host}"))];
}
