using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

public sealed class NetworkConfigTextTests
{
    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);

    [Theory]
    [InlineData("""{ "network": "10.1.0.0/16", "backend": { "type": "vxlan", "Vni": 1 } }""", """{"Network":"10.1.0.0/16","Backend":{"Type":"vxlan","Vni":1}}""")]
    [InlineData("""{"Network":"a","X":1,"NETWORK":"b"}""", """{"Network":"b","X":1}""")]
    [InlineData("""{"Backend":{"TYPE":"a","Type":"b"},"Big":12345678901234567890.10,"K":"+é\u0001"}""", """{"Backend":{"Type":"b"},"Big":12345678901234567890.10,"K":"+é\u0001"}""")]
    public void Names_are_written_as_flannel_does_and_the_rest_stays(string json, string expected)
        => Assert.Equal(expected, Text(NetworkConfigText.Write(Utf8(json))));

    [Fact]
    public void A_change_takes_the_place_of_what_stood_there_or_comes_last()
        => Assert.Equal("""{"Owner":[1,2],"Network":"b","Backend":{"Type":"x"},"SubnetLen":24}""",
            Text(NetworkConfigText.With(Utf8("""{"Owner":[1, 2],"network":"a","Backend":{"Type":"y","VNI":3}}"""), [new("Network", "\"b\""), new("Backend", """{"Type":"x"}"""), new("SubnetLen", "24")])));

    [Theory]
    [InlineData("""{"Network":"a","Backend":{"Type":"vxlan","VNI":1}}""", """{ "backend": {"VNI":1, "type":"VXLAN"}, "network":"a" }""", true)]
    [InlineData("""{"A":{"x":1,"y":[{"b":1,"a":2}]}}""", """{"A":{"y":[{"a":2,"b":1}],"x":1}}""", true)]
    [InlineData("""{"A":[1,2]}""", """{"A":[2,1]}""", false)]
    [InlineData("""{"Network":"a"}""", """{"Network":"a","SubnetLen":24}""", false)]
    [InlineData("""{"Backend":{"Type":"vxlan","PSK":"x"}}""", """{"Backend":{"Type":"vxlan","PSK":"X"}}""", false)]
    public void Order_and_spaces_and_the_case_of_flannels_names_do_not_matter(string one, string other, bool same)
        => Assert.Equal(same, NetworkConfigText.SayTheSame(Utf8(one), Utf8(other)));
}
