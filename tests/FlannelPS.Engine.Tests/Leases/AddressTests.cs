using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>Addresses as text and as numbers: section 9.1 of the behaviour reference.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("1.2.3.4", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("1.2.3", false)]
    [InlineData("1.2.3.4.5", false)]
    [InlineData("1.2.3.256", false)]
    [InlineData("1.2.3.04", false)]
    [InlineData("1.2.3.0x4", false)]
    [InlineData("1.2.3.1000", false)]
    [InlineData(" 1.2.3.4", false)]
    [InlineData("1.2.3.4 ", false)]
    [InlineData("1..3.4", false)]
    [InlineData("1.2.3.", false)]
    [InlineData("", false)]
    [InlineData("16909060", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:1.2.3.4", false)]
    [InlineData("1.2.3.٤", false)]
    public void An_IPv4_address_is_four_decimal_octets(string text, bool valid)
    {
        Assert.Equal(valid, AddressText.TryParseIPv4(text, out var address));
        if (valid)
            Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("fc00::1", true)]
    [InlineData("::", true)]
    [InlineData("::ffff:1.2.3.4", true)]
    [InlineData("FC00::1", true)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("[fc00::1]", false)]
    [InlineData("[fc00::1]:80", false)]
    [InlineData("fc00::1/64", false)]
    [InlineData("1.2.3.4", false)]
    [InlineData("20011::", false)]
    [InlineData("1::2::3", false)]
    [InlineData("", false)]
    public void An_IPv6_address_has_no_scope_bracket_or_port(string text, bool valid)
        => Assert.Equal(valid, AddressText.TryParseIPv6(text, out _));

    [Theory]
    [InlineData("1.2.3.0/24", "1.2.3.0/24")]
    [InlineData("1.2.3.4/24", "1.2.3.0/24")]
    [InlineData("1.2.3.4/0", "0.0.0.0/0")]
    [InlineData("1.2.3.4/32", "1.2.3.4/32")]
    [InlineData("1.2.3.4/33", null)]
    [InlineData("1.2.3.4/024", "1.2.3.0/24")]
    [InlineData("1.2.3.4/+24", null)]
    [InlineData("1.2.3.4/", null)]
    [InlineData("1.2.3.4", null)]
    [InlineData("fc00::/48", null)]
    public void An_IPv4_network_loses_its_host_bits(string text, string? network)
    {
        Assert.Equal(network is not null, AddressText.TryParseCidr(text, AddressFamily.InterNetwork, out var parsed));
        if (network is not null)
            Assert.Equal(network, parsed.ToString());
    }

    [Theory]
    [InlineData("fc00::1:2/112", "fc00::1:0/112")]
    [InlineData("::/0", "::/0")]
    [InlineData("fc00::1/128", "fc00::1/128")]
    [InlineData("fc00::/129", null)]
    [InlineData("1.2.3.0/24", null)]
    public void An_IPv6_network_loses_its_host_bits(string text, string? network)
    {
        Assert.Equal(network is not null, AddressText.TryParseCidr(text, AddressFamily.InterNetworkV6, out var parsed));
        if (network is not null)
            Assert.Equal(network, parsed.ToString());
    }

    [Theory]
    [InlineData("1.2.3.0/24", "1.2.3.0/24", true)]
    [InlineData("1.2.3.0/24", "1.2.0.0/16", true)]
    [InlineData("1.2.3.0/24", "1.2.4.0/24", false)]
    [InlineData("1.2.3.0/24", "7.2.4.0/22", false)]
    [InlineData("0.0.0.0/0", "255.255.255.0/24", true)]
    [InlineData("fc00:1::/64", "fc00:1::/48", true)]
    [InlineData("fc00:1::/64", "fc00:1:0:1::/64", false)]
    [InlineData("::/0", "1.2.3.0/24", false)]
    public void Networks_overlap_when_one_holds_the_other(string one, string other, bool overlap)
    {
        Assert.Equal(overlap, IPNetwork.Parse(one).Overlaps(IPNetwork.Parse(other)));
        Assert.Equal(overlap, IPNetwork.Parse(other).Overlaps(IPNetwork.Parse(one)));
    }

    [Theory]
    [InlineData("0.0.0.0/0", "0.0.0.0", "255.255.255.255")]
    [InlineData("255.255.255.0/24", "255.255.255.0", "255.255.255.255")]
    [InlineData("1.2.3.4/32", "1.2.3.4", "1.2.3.4")]
    [InlineData("fc00:1::/64", "fc00:1::", "fc00:1::ffff:ffff:ffff:ffff")]
    [InlineData("ffff::/16", "ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Q27_nothing_wraps_at_the_end_of_the_address_space(string network, string first, string last)
    {
        var parsed = IPNetwork.Parse(network);
        Assert.Equal(IPAddress.Parse(first), AddressNumber.ToAddress(parsed.First(), parsed.BaseAddress.AddressFamily));
        Assert.Equal(IPAddress.Parse(last), AddressNumber.ToAddress(parsed.Last(), parsed.BaseAddress.AddressFamily));
        Assert.True(parsed.Last() >= parsed.First());
    }

    [Fact]
    public void Random_text_never_throws_and_what_parses_comes_back()
    {
        var random = new Random(20);
        const string alphabet = "0123456789abcdefF:./-%[] \0é";
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Create(random.Next(24), random, (span, source) =>
            {
                foreach (ref var character in span)
                    character = alphabet[source.Next(alphabet.Length)];
            });
            if (AddressText.TryParse(text, out var address))
                Assert.True(AddressText.TryParse(address.ToString(), out var again) && again.Equals(address), text);
            AddressText.TryParseCidr(text, AddressFamily.InterNetwork, out _);
            AddressText.TryParseCidr(text, AddressFamily.InterNetworkV6, out _);
        }
    }
}
