using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>The text of a lease's key: sections 1.3 and 9.2 of the behaviour reference.</summary>
public sealed class SubnetTests
{
    [Theory]
    [InlineData("10.12.13.0-24", "10.12.13.0/24", null)]
    [InlineData("10.12.13.0-24&fd00:12:13::-56", "10.12.13.0/24", "fd00:12:13::/56")]
    [InlineData("0.0.0.0-0", "0.0.0.0/0", null)]
    [InlineData("10.0.0.0-31&fd00::-127", "10.0.0.0/31", "fd00::/127")]
    [InlineData("10.5.0.0-24&fd00::1:0:5efe:102:304-126", "10.5.0.0/24", "fd00::1:0:5efe:102:304/126")]
    [InlineData("10.5.0.0-24&::a00:0-112", "10.5.0.0/24", "::a00:0/112")]
    [InlineData("10.5.0.0-24&1:0:0:2::-64", "10.5.0.0/24", "1:0:0:2::/64")]
    [InlineData("10.5.0.0-24&1:2:3:0:5:6:7:8-127", "10.5.0.0/24", "1:2:3:0:5:6:7:8/127")]
    public void A_key_is_read_and_written_byte_for_byte(string key, string v4, string? v6)
    {
        var subnet = Subnet.ParseKey(key);
        Assert.Equal(new Subnet(IPNetwork.Parse(v4), v6 is null ? null : IPNetwork.Parse(v6)), subnet);
        Assert.Equal(key, subnet!.ToKey());
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.12.13.0")]
    [InlineData("10.12.13-24")]
    [InlineData("10.12.13.300-24")]
    [InlineData("10.12.13.0-24hi")]
    [InlineData("&2001::-56")]
    [InlineData("10.12.13.0-24&:12:13:-56")]
    [InlineData("10.12.13.0-24&20011::-56")]
    [InlineData("10.12.13.0-24&2001-56")]
    [InlineData("10.12.13.0-24&2001::")]
    [InlineData("10.12.13.0-24&2001::-56hi")]
    [InlineData("10.12.13.0-32")]
    [InlineData("10.12.13.00-24")]
    [InlineData("10.12.13.0-024")]
    [InlineData("10.12.13.0--24")]
    [InlineData("10.12.13.7-24")]
    [InlineData("10.12.13.0-24&FD00::-56")]
    [InlineData("10.12.13.0-24&fd00::1-56")]
    [InlineData("10.12.13.0-24&fd00::-128")]
    [InlineData("10.12.13.0-24&fd00::-56&fd01::-56")]
    [InlineData("foo10.12.13.0-24")]
    [InlineData("a/10.12.13.0-24")]
    [InlineData(" 10.12.13.0-24")]
    [InlineData("10.12.13.0-24\n")]
    [InlineData("10.12.13.0/24")]
    public void What_is_no_subnet_key_is_refused(string key) => Assert.Null(Subnet.ParseKey(key));

    [Theory]
    [InlineData("foo10.3.1.0-24", "10.3.1.0/24")]
    [InlineData("10.3.1.7-24", "10.3.1.0/24")]
    [InlineData("x/10.3.1.0-24", "10.3.1.0/24")]
    [InlineData("9.10.3.1.0-24", "10.3.1.0/24")]
    [InlineData("10.3.1.0-24&fd00::-64", "10.3.1.0/24,fd00::/64")]
    [InlineData("10.3.1.0-24hi", null)]
    [InlineData("10.3.1.0-32", null)]
    [InlineData("readme", null)]
    [InlineData("", null)]
    public void Q25_what_the_original_takes_for_occupied_is_occupied(string key, string? occupied)
        => Assert.Equal(occupied, Subnet.ParseKeyAsOriginal(key)?.ToString());

    [Fact]
    public void Subnets_overlap_when_either_family_does()
    {
        var dual = Of("10.5.1.0-24&fd00:0:0:1::-64");
        Assert.True(dual.Overlaps(Of("10.5.1.0-24")));
        Assert.True(dual.Overlaps(Of("10.5.1.128-25")));
        Assert.True(dual.Overlaps(Of("10.5.9.0-24&fd00:0:0:1::-64")));
        Assert.False(dual.Overlaps(Of("10.5.9.0-24&fd00:0:0:2::-64")));
        Assert.False(Of("10.5.1.0-24").Overlaps(Of("10.5.2.0-24")));
    }

    [Fact]
    public void Random_keys_never_throw_and_what_parses_comes_back()
    {
        var random = new Random(21);
        const string alphabet = "0123456789.-&:abcdef/é\0";
        for (var i = 0; i < 50_000; i++)
        {
            var text = Damaged("10.12.13.0-24&fd00:12:13::-56", alphabet, random);
            if (Subnet.ParseKey(text) is { } subnet)
                Assert.Equal(subnet, Subnet.ParseKey(subnet.ToKey()));
            Subnet.ParseKeyAsOriginal(text);
        }
    }

    private static string Damaged(string text, string alphabet, Random random)
    {
        for (var changes = random.Next(5); changes > 0 && text.Length > 0; changes--)
        {
            var at = random.Next(text.Length);
            text = random.Next(3) switch
            {
                0 => text.Remove(at, 1),
                1 => text.Insert(at, alphabet[random.Next(alphabet.Length)].ToString()),
                _ => text[..at],
            };
        }
        return text;
    }

    private static Subnet Of(string key) => Subnet.ParseKey(key)!;
}
