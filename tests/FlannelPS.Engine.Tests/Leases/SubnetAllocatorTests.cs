using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

public sealed class SubnetAllocatorTests
{
    [Fact]
    public void Q39_every_free_subnet_of_the_whole_range_is_drawn_equally_often()
    {
        var range = Given.Config().IPv4;
        IPNetwork[] occupied = [IPNetwork.Parse("10.5.7.0/24"), IPNetwork.Parse("10.5.128.0/20")];
        const int draws = 100_000;
        var seen = new Dictionary<IPNetwork, int>();
        for (var i = 0; i < draws; i++)
        {
            var drawn = SubnetAllocator.Draw(range, occupied)!.Value;
            seen[drawn] = seen.GetValueOrDefault(drawn) + 1;
        }
        Assert.Equal(255 - 17, seen.Count);
        Assert.DoesNotContain(seen.Keys, drawn => occupied.Any(other => other.Overlaps(drawn)) || !range.Holds(drawn));
        // Chi-square with 237 degrees of freedom: 380 is passed by chance less than once in 10^8 runs.
        var expected = draws / (double)seen.Count;
        Assert.InRange(seen.Values.Sum(count => (count - expected) * (count - expected) / expected), 0, 380);
    }

    [Theory]
    [InlineData("10.5.1.0/25", "10.5.1.128/25", "10.5.2.0/23", "10.4.0.0/16")]
    [InlineData("10.5.0.0/23", "10.5.2.4/30", "10.5.3.255/32", "10.6.0.0/16")]
    [InlineData("10.5.3.0/24", "10.5.2.0/24", "10.5.1.0/24", "10.5.1.0/24")]
    public void Leases_of_any_size_count_as_occupied(params string[] occupied)
    {
        // 10.5.1.0 to 10.5.4.0: the first three are taken one way or another.
        var range = Given.Config(fields: "\"SubnetMax\":\"10.5.4.0\",").IPv4;
        for (var i = 0; i < 50; i++)
            Assert.Equal("10.5.4.0/24", SubnetAllocator.Draw(range, occupied.Select(IPNetwork.Parse)).ToString());
    }

    [Theory]
    [InlineData("10.0.0.0/8")]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.5.0.0/16")]
    public void A_lease_over_the_whole_range_exhausts_it(string occupied)
        => Assert.Null(SubnetAllocator.Draw(Given.Config().IPv4, [IPNetwork.Parse(occupied)]));

    [Fact]
    public void An_exhausted_range_is_told_with_its_bounds()
    {
        var config = Given.Config(fields: "\"SubnetMin\":\"10.5.16.0\",\"SubnetMax\":\"10.5.31.0\",");
        var occupied = Enumerable.Range(16, 16).Select(i => Given.Subnet($"10.5.{i}.0-24")).ToList();
        Assert.Null(SubnetAllocator.Draw(config, occupied, out var exhausted));
        Assert.Contains("all 16 subnets of 10.5.0.0/16 from 10.5.16.0 to 10.5.31.0", exhausted);
        occupied.RemoveAt(5);
        Assert.Equal("10.5.21.0/24", SubnetAllocator.Draw(config, occupied, out _)!.ToString());
    }

    [Fact]
    public void Both_families_must_have_room_and_a_lease_without_IPv6_is_no_hindrance()
    {
        var dual = Given.Dual();
        var drawn = SubnetAllocator.Draw(dual, [Given.Subnet("10.5.1.0-24")], out _)!;
        Assert.True(dual.Holds(drawn));
        Assert.Null(SubnetAllocator.Draw(dual, [Given.Subnet("10.5.1.0-24&fd00:5::-48")], out var exhausted));
        Assert.Contains("fd00:5::/48", exhausted);
    }

    [Fact]
    public void Q27_the_top_of_the_address_space_is_drawn_from_without_wrapping()
    {
        var v4 = Given.Read("""{"Network":"255.255.255.0/24","SubnetLen":26,"Backend":{"Type":"alloc"}}""").IPv4;
        Assert.Equal("255.255.255.192/26", SubnetAllocator.Draw(v4, [IPNetwork.Parse("255.255.255.64/26"), IPNetwork.Parse("255.255.255.128/26")]).ToString());
        Assert.Null(SubnetAllocator.Draw(v4, [IPNetwork.Parse("255.255.255.0/24")]));
        var v6 = Given.Read("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120","Backend":{"Type":"alloc"}}""").IPv6!;
        Assert.Equal("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0/122", SubnetAllocator.Draw(v6, [IPNetwork.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/121"), IPNetwork.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff80/122")]).ToString());
    }

    [Fact]
    public void A_drawn_subnet_never_overlaps_what_is_occupied()
    {
        var random = new Random(24);
        for (var i = 0; i < 2000; i++)
        {
            var range = Given.Config(fields: $"\"SubnetLen\":{random.Next(18, 31)},").IPv4;
            var occupied = Enumerable.Range(0, random.Next(40)).Select(_ => AddressNumber.Network(new IPAddress([10, (byte)random.Next(4, 7), (byte)random.Next(256), (byte)random.Next(256)]), random.Next(17, 33))).ToList();
            if (SubnetAllocator.Draw(range, occupied) is { } drawn)
                Assert.True(range.Holds(drawn) && !occupied.Any(other => other.Overlaps(drawn)), $"{drawn} of {range} beside {string.Join(' ', occupied)}");
            else
                for (var place = range.Minimum.ToNumber(); place <= range.Maximum.ToNumber(); place += range.Size)
                    Assert.Contains(occupied, other => other.Overlaps(new(AddressNumber.ToAddress(place, range.Family), range.SubnetLength)));
        }
    }
}
