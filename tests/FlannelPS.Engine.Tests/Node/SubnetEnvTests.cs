using System.Net;
using System.Text.RegularExpressions;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

public sealed partial class SubnetEnvTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void The_text_is_the_originals_byte_for_byte()
    {
        // What flanneld 0.20.2 and 0.28.9 write for vxlan, udp and host-gw.
        Assert.Equal(
            "FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.58.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
            new SubnetEnv(Net("10.42.0.0/16"), Net("10.42.58.0/24"), null, null, 1450, true).Render());
        Assert.Equal(
            "FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.20.1/24\nFLANNEL_IPV6_NETWORK=fd00:42::/48\nFLANNEL_IPV6_SUBNET=fd00:42:0:7::1/64\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false\n",
            new SubnetEnv(Net("10.42.0.0/16"), Net("10.42.20.0/24"), Net("fd00:42::/48"), Net("fd00:42:0:7::/64"), 1500, false).Render());
    }

    [Fact]
    public void F65_only_characters_that_a_shell_can_source_occur()
    {
        var random = new Random(65);
        for (var i = 0; i < 1000; i++)
        {
            var octets = new byte[16];
            random.NextBytes(octets);
            var v6 = new IPAddress(octets);
            var text = new SubnetEnv(
                new(new IPAddress(octets.AsSpan(0, 1).ToArray().Concat(new byte[3]).ToArray()), 8), Net("10.1.2.4/30"),
                Net("2001:db8::/32"), FlannelPS.Engine.Leases.AddressText.TryParseCidr($"{v6}/126", System.Net.Sockets.AddressFamily.InterNetworkV6, out var net) ? net : null, random.Next(), i % 2 == 0).Render();
            Assert.Matches(Allowed(), text);
        }
    }

    [Theory]
    [InlineData("10.5.2.1/24", "10.5.2.0/24")]
    [InlineData("\"10.5.2.1/24\"", "10.5.2.0/24")]
    [InlineData("'10.5.2.1/24' # mine", "10.5.2.0/24")]
    [InlineData(" 10.5.2.1/24 # mine", "10.5.2.0/24")]
    [InlineData("not-a-cidr,10.5.2.1/24", "10.5.2.0/24")]
    [InlineData("10.5.2.1/24,10.5.3.1/24", null)]
    [InlineData("garbage", null)]
    [InlineData("", null)]
    [InlineData("fd00::1/64", null)]
    [InlineData("10.5.2.1/33", null)]
    [InlineData("10.5.02.1/24", null)]
    [InlineData("10.5.1/24", null)]
    [InlineData("10.5.2.1/024", "10.5.2.0/24")]
    [InlineData("10.5.2.1/+24", null)]
    [InlineData("10.5.2.1", null)]
    public void Reading_is_tolerant_and_masks_host_bits(string value, string? expected)
        => Assert.Equal(expected, SubnetEnv.Parse($"FLANNEL_SUBNET={value}\n").Subnet?.ToString());

    [Fact]
    public void What_is_written_is_read_again_also_with_export_CR_comments_and_other_lines()
    {
        var env = new SubnetEnv(Net("10.42.0.0/16"), Net("10.42.20.0/24"), Net("fd00:42::/48"), Net("fd00:42:0:7::/64"), 1430, true);
        Assert.Equal(env, SubnetEnv.Parse(env.Render()));
        Assert.Equal(env, SubnetEnv.Parse("# made by hand\n\nOTHER=1\nnonsense\n=x\nexport " + env.Render().Replace("\n", "\r\nexport ")));
        Assert.Equal(new(null, null, null, null, 0, false), SubnetEnv.Parse(""));
    }

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        var random = new Random(4);
        var seed = new SubnetEnv(Net("10.42.0.0/16"), Net("10.42.20.0/24"), Net("fd00:42::/48"), Net("fd00:42:0:7::/64"), 1430, true).Render();
        for (var i = 0; i < 20_000; i++)
        {
            var text = seed.ToCharArray();
            for (var changes = random.Next(1, 8); changes > 0; changes--)
                text[random.Next(text.Length)] = random.Next(4) == 0 ? (char)random.Next(0x10000) : "\n=\"'#,/.: 0"[random.Next(11)];
            var parsed = SubnetEnv.Parse(new string(text));
            Assert.True(parsed.Subnet is not { } subnet || subnet.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
        }
    }

    [Fact]
    public void F64_the_file_is_written_whole_with_mode_0644_and_only_when_it_differs()
    {
        var path = Path.Join(_folder, "new", "subnet.env");
        var env = new SubnetEnv(Net("10.42.0.0/16"), Net("10.42.20.0/24"), null, null, 1450, false);
        Assert.Null(SubnetFile.Read(path));
        Assert.True(SubnetFile.Write(path, env));
        Assert.False(SubnetFile.Write(path, env));
        Assert.Equal(env, SubnetFile.Read(path));
        Assert.Equal(env.Render(), File.ReadAllText(path));
        Assert.Equal("644", Convert.ToString((int)File.GetUnixFileMode(path), 8));
        Assert.Equal("755", Convert.ToString((int)File.GetUnixFileMode(Path.GetDirectoryName(path)!), 8));
    }

    [Fact]
    public void F62_a_link_in_place_of_the_file_is_neither_read_nor_written_through()
    {
        var victim = Path.Join(_folder, "victim");
        var path = Path.Join(_folder, "subnet.env");
        File.WriteAllText(victim, "FLANNEL_SUBNET=10.9.9.1/24\n");
        File.CreateSymbolicLink(path, victim);
        Assert.ThrowsAny<IOException>(() => SubnetFile.Read(path));
        Assert.ThrowsAny<IOException>(() => SubnetFile.Write(path, SubnetEnv.Parse("")));
        Assert.Equal("FLANNEL_SUBNET=10.9.9.1/24\n", File.ReadAllText(victim));
    }

    private static IPNetwork Net(string text) => IPNetwork.Parse(text);

    [GeneratedRegex(@"\A[0-9a-fA-F:./,=A-Z_a-z\n]+\z")]
    private static partial Regex Allowed();
}
