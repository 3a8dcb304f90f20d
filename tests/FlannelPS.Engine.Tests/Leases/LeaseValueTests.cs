using System.Net;
using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Tests.Leases;

/// <summary>The JSON of a lease: section 1.4 of the behaviour reference, and rule R2.</summary>
public sealed class LeaseValueTests
{
    public static TheoryData<string> RealValues =>
    [
        """{"PublicIP":"192.0.2.11","PublicIPv6":null}""",
        """{"PublicIP":"0.0.0.0","PublicIPv6":null}""",
        """{"PublicIP":"192.0.2.11","PublicIPv6":null,"BackendType":"host-gw"}""",
        """{"PublicIP":"192.0.2.11","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}""",
        """{"PublicIP":"192.0.2.11","PublicIPv6":"2001:db8::11","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"},"BackendV6Data":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:45"}}""",
        """{"PublicIP":"192.0.2.11","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"a+b/c=","Port":51820}}""",
        """{"PublicIP":"192.0.2.11","PublicIPv6":null,"BackendType":"extension","BackendData":"text & more"}""",
    ];

    [Theory, MemberData(nameof(RealValues))]
    public void What_real_nodes_write_is_read_and_written_byte_for_byte(string value)
        => Assert.Equal(value, Encoding.UTF8.GetString(LeaseValue.Write(Read(value)!)));

    [Theory]
    [InlineData("""{"publicip":"192.0.2.11"}""", "192.0.2.11")]
    [InlineData("""{"PUBLICIP":"192.0.2.11","Unknown":{"a":[1,2]},"BackendType":null,"BackendData":null}""", "192.0.2.11")]
    [InlineData("""{"PublicIP":"192.0.2.1","PublicIP":"192.0.2.2"}""", "192.0.2.2")]
    [InlineData("""{}""", "0.0.0.0")]
    [InlineData(""" {"PublicIPv6":"192.0.2.9"} """, "0.0.0.0")]
    public void Reading_is_as_tolerant_as_the_originals(string value, string publicIp)
    {
        var read = Read(value)!;
        Assert.Equal(IPAddress.Parse(publicIp), read.PublicIp);
        Assert.Equal("", read.BackendType);
        Assert.True(read.BackendData.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{}x")]
    [InlineData("{\"PublicIP\":}")]
    [InlineData("{\"PublicIP\":null}")]
    [InlineData("{\"PublicIP\":\"\"}")]
    [InlineData("{\"PublicIP\":7}")]
    [InlineData("{\"PublicIP\":\"fc00::1\"}")]
    [InlineData("{\"PublicIP\":\"1.2.3.4\\ud800\"}")]
    [InlineData("{\"PublicIP\":\"1.2.3.4\",\"PublicIPv6\":\"\"}")]
    [InlineData("{\"PublicIP\":\"1.2.3.4\",\"PublicIPv6\":5}")]
    [InlineData("{\"PublicIP\":\"1.2.3.4\",\"BackendType\":5}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"PublicIP\":\"1.2.3.4\",}")]
    [InlineData("\0")]
    public void R2_what_is_no_lease_is_told_with_a_reason_of_one_line(string value)
    {
        Assert.Null(LeaseValue.Read(Encoding.UTF8.GetBytes(value), out var reason));
        Assert.NotEmpty(reason);
        Assert.DoesNotContain('\n', reason);
    }

    [Fact]
    public void F66_huge_and_deeply_nested_values_are_refused()
    {
        Assert.Null(LeaseValue.Read(new byte[1 << 20], out var huge));
        Assert.Contains("1048576", huge);
        Assert.Null(LeaseValue.Read(Encoding.UTF8.GetBytes($$"""{"PublicIP":"192.0.2.1","BackendData":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}"""), out _));
    }

    [Fact]
    public void F66_random_and_damaged_bytes_never_throw()
    {
        var random = new Random(22);
        var good = Encoding.UTF8.GetBytes("""{"PublicIP":"192.0.2.11","PublicIPv6":"2001:db8::11","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}""");
        for (var i = 0; i < 50_000; i++)
        {
            byte[] bytes;
            if (i % 2 == 0)
                random.NextBytes(bytes = new byte[random.Next(64)]);
            else
            {
                bytes = [.. good[..random.Next(good.Length + 1)]];
                for (var changes = random.Next(4); changes > 0 && bytes.Length > 0; changes--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            if (LeaseValue.Read(bytes, out var reason) is { } read)
                LeaseValue.Read(LeaseValue.Write(read), out reason);
            Assert.Equal(reason.Length == 0, LeaseValue.Read(bytes, out _) is not null);
        }
    }

    private static LeaseAttributes? Read(string value) => LeaseValue.Read(Encoding.UTF8.GetBytes(value), out _);
}
