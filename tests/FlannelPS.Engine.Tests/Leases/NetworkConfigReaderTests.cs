using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>The network configuration: sections 2 and 9.3 of the behaviour reference.</summary>
public sealed class NetworkConfigReaderTests
{
    [Theory]
    [InlineData("10.3.0.0/16", 24, "10.3.1.0", "10.3.255.0", 255)]
    [InlineData("10.0.0.0/22", 24, "10.0.1.0", "10.0.3.0", 3)]
    [InlineData("10.0.0.0/23", 25, "10.0.0.128", "10.0.1.128", 3)]
    [InlineData("10.0.0.0/28", 30, "10.0.0.4", "10.0.0.12", 3)]
    [InlineData("10.3.7.9/16", 24, "10.3.1.0", "10.3.255.0", 255)]
    [InlineData("255.255.0.0/16", 24, "255.255.1.0", "255.255.255.0", 255)]
    public void What_is_not_given_follows_from_the_network(string network, int length, string minimum, string maximum, int count)
    {
        var range = Read($$"""{"network":"{{network}}"}""").IPv4;
        Assert.Equal((length, minimum, maximum), (range.SubnetLength, range.Minimum.ToString(), range.Maximum.ToString()));
        Assert.Equal((UInt128)count, range.Count);
    }

    [Theory]
    [InlineData("fc00::/48", 64, "fc00:0:0:1::", "fc00:0:0:ffff::", 65535)]
    [InlineData("fc00::/62", 64, "fc00:0:0:1::", "fc00:0:0:3::", 3)]
    [InlineData("fc00::/63", 65, "fc00::8000:0:0:0", "fc00:0:0:1:8000::", 3)]
    [InlineData("fc00::/124", 126, "fc00::4", "fc00::c", 3)]
    [InlineData("ffff:ffff::/32", 64, "ffff:ffff:0:1::", "ffff:ffff:ffff:ffff::", 4294967295)]
    public void What_is_not_given_follows_from_the_IPv6_network(string network, int length, string minimum, string maximum, long count)
    {
        var range = Read($$"""{"EnableIPv6":true,"Network":"10.3.0.0/16","IPv6Network":"{{network}}"}""").IPv6!;
        Assert.Equal((length, minimum, maximum), (range.SubnetLength, range.Minimum.ToString(), range.Maximum.ToString()));
        Assert.Equal((UInt128)count, range.Count);
    }

    [Fact]
    public void What_is_given_is_kept()
    {
        var config = Read("""
            {"EnableIPv6":true,"Network":"10.3.0.0/16","SubnetMin":"10.3.5.0","SubnetMax":"10.3.8.0","SubnetLen":28,
             "IPv6Network":"fc00::/48","IPv6SubnetMin":"fc00::10","IPv6SubnetMax":"fc00::40","IPv6SubnetLen":124}
            """);
        Assert.Equal("SubnetRange { Network = 10.3.0.0/16, SubnetLength = 28, Minimum = 10.3.5.0, Maximum = 10.3.8.0, Family = InterNetwork, Count = 49 }", config.IPv4.ToString());
        Assert.Equal("SubnetRange { Network = fc00::/48, SubnetLength = 124, Minimum = fc00::10, Maximum = fc00::40, Family = InterNetworkV6, Count = 4 }", config.IPv6!.ToString());
    }

    [Theory]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"0.0.0.0","SubnetMax":"0.0.0.0"}""")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"","SubnetLen":0,"SubnetMax":null,"Unknown":[{}]}""")]
    [InlineData("""{"Network":"10.9.0.0/16","Network":"10.3.0.0/16","IPv6Network":"nonsense","Backend":null}""")]
    public void Unset_unknown_and_repeated_fields_are_as_in_the_original(string json)
    {
        var config = Read(json);
        Assert.Equal(("10.3.1.0", "10.3.255.0", "udp"), (config.IPv4.Minimum.ToString(), config.IPv4.Maximum.ToString(), config.BackendType));
        Assert.Null(config.IPv6);
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{", "JSON")]
    [InlineData("null", "object")]
    [InlineData("[]", "object")]
    [InlineData("{}", "Network is missing")]
    [InlineData("""{"Network":null}""", "Network is missing")]
    [InlineData("""{"Network":"0.0.0.0/0"}""", "Network is missing")]
    [InlineData("""{"Network":"10.3.0.0"}""", "IPv4 network")]
    [InlineData("""{"Network":"fc00::/48"}""", "IPv4 network")]
    [InlineData("""{"Network":7}""", "not a text")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":31}""", "at most 30")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":17}""", "18 or more")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":-1}""", "whole number")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":"24"}""", "whole number")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":24.5}""", "whole number")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetLen":4294967320}""", "whole number")]
    [InlineData("""{"Network":"10.0.0.0/29"}""", "too small")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"10.4.1.0"}""", "SubnetMin 10.4.1.0 is not inside")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMax":"10.2.1.0"}""", "SubnetMax 10.2.1.0 is not inside")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"10.3.1.1"}""", "where a subnet begins")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMax":"10.3.1.128"}""", "where a subnet begins")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"fc00::"}""", "IPv4 address")]
    [InlineData("""{"Network":"10.3.0.0/16","SubnetMin":"10.3.9.0","SubnetMax":"10.3.8.0"}""", "above")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true}""", "IPv6Network is missing")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"::/0"}""", "IPv6Network is missing")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"10.4.0.0/16"}""", "IPv6 network")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetLen":127}""", "at most 126")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetLen":49}""", "50 or more")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fc00::/125"}""", "too small")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetMin":"fc01::"}""", "not inside")]
    [InlineData("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetMax":"fc00::1"}""", "where a subnet begins")]
    [InlineData("""{"EnableIPv4":false}""", "both false")]
    [InlineData("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fc00::/48"}""", "IPv6-only")]
    [InlineData("""{"EnableIPv4":"yes","Network":"10.3.0.0/16"}""", "neither true nor false")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":"vxlan"}""", "not a JSON object")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{}}""", "no Type")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":7}}""", "not a text")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"vxlan\ud800"}}""", "text")]
    [InlineData("""{"Network":"10.3.0.0/16","\ud800":1}""", "text")]
    public void A_broken_rule_is_told_in_one_line(string json, string reason)
    {
        var told = Assert.Throws<NetworkConfigException>(() => BackendRegistry.Create(Read(json))).Message;
        Assert.Contains(reason, told);
        Assert.DoesNotContain('\n', told);
    }

    [Theory]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"udp","MTU":1400}}""", "it has Port")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"udp","Port":0}}""", "Port 0 is not between 1 and 65535")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"nonsense"}}""", "vxlan, host-gw, udp, alloc")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"vxlan","Vlan":1}}""", "VNI, Port, MTU, GBP, Learning, DirectRouting")]
    [InlineData("""{"Network":"10.3.0.0/16","Backend":{"Type":"host-gw","VNI":1}}""", "it has none")]
    public void An_unknown_backend_or_option_is_told_with_what_there_is(string json, string there)
        => Assert.Contains(there, Assert.Throws<NetworkConfigException>(() => BackendRegistry.Create(Read(json))).Message);

    [Theory]
    [InlineData("VXLAN", "vxlan")]
    [InlineData("Host-GW", "host-gw")]
    [InlineData("alloc", "alloc")]
    public void A_backend_is_found_in_any_case(string type, string made)
        => Assert.Equal(made, BackendRegistry.Create(Read($$$"""{"Network":"10.3.0.0/16","Backend":{"type":"{{{type}}}"}}""")).Type);

    [Fact]
    public void Random_and_damaged_bytes_end_in_a_configuration_or_in_a_reason()
    {
        var random = new Random(23);
        var good = Encoding.UTF8.GetBytes("""{"EnableIPv6":true,"Network":"10.3.0.0/16","SubnetLen":24,"SubnetMin":"10.3.5.0","IPv6Network":"fc00::/48","Backend":{"Type":"vxlan","VNI":7}}""");
        for (var i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. good[..random.Next(good.Length / 2, good.Length + 1)]];
            for (var changes = random.Next(4); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)random.Next(32, 127);
            try
            {
                var config = NetworkConfigReader.Read(bytes);
                Assert.True(config.IPv4.Count > 0);
                BackendRegistry.Create(config);
            }
            catch (NetworkConfigException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    private static NetworkConfig Read(string json) => NetworkConfigReader.Read(Encoding.UTF8.GetBytes(json));
}
