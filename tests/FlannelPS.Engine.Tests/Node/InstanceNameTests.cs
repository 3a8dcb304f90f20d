using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

public sealed class InstanceNameTests
{
    [Theory]
    [InlineData("flannel", true)]
    [InlineData("a", true)]
    [InlineData("-0-", true)]
    [InlineData("", false)]
    [InlineData("Flannel", false)]
    [InlineData("a/b", false)]
    [InlineData("..", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456", false)]
    public void F83_only_names_that_keep_the_rule_are_valid(string name, bool valid) => Assert.Equal(valid, InstanceName.IsValid(name));

    [Theory]
    [InlineData("/run/flannel/subnet.env", "flannel")]
    [InlineData("/var/run/flannel/subnet.env", "flannel")]
    [InlineData("/run//flannel/x/../subnet.env", "flannel")]
    public void The_default_subnet_file_gives_the_default_name(string path, string name) => Assert.Equal(name, InstanceName.FromSubnetFile(path));

    [Theory]
    [InlineData("/run/vxlan/subnet.env", "vxlan-")]
    [InlineData("/run/flannel/hostgw.env", "flannel-hostgw-")]
    [InlineData("/run/flannel/My Network!.env", "flannel-my-network-")]
    [InlineData("/", "")]
    [InlineData("/ß.env", "")]
    public void Another_path_gives_a_readable_tail_and_a_hash(string path, string tail)
    {
        var name = InstanceName.FromSubnetFile(path);
        Assert.True(InstanceName.IsValid(name), name);
        Assert.StartsWith(tail, name);
        Assert.Equal(tail.Length + 8, name.Length);
    }

    [Fact]
    public void Names_are_valid_and_differ_whatever_the_paths()
    {
        var random = new Random(10);
        var names = new HashSet<string>();
        for (var i = 0; i < 5000; i++)
        {
            var path = $"/{i}/" + new string([.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)random.Next(33, 400))]).Replace('/', '-') + "/subnet.env";
            var name = InstanceName.FromSubnetFile(path);
            Assert.True(InstanceName.IsValid(name), $"{path} -> {name}");
            Assert.True(names.Add(name), $"{path} -> {name} again");
        }
    }

    [Fact]
    public void Paths_follow_from_the_name_and_a_bad_name_makes_none()
    {
        var paths = new InstancePaths("blue");
        Assert.Equal(("/run/flannelps/blue.sock", "/run/flannelps/blue.lock", "/var/lib/flannelps/blue"), (paths.Socket, paths.Lock, paths.StateFolder));
        Assert.Throws<ArgumentException>(() => new InstancePaths("../etc"));
    }
}
