namespace FlannelPS.SystemTests;

public sealed class ConfigTests(ITestOutputHelper output)
{
    private const string ConfigKey = Network.Prefix + "/config";

    [Theory]
    [InlineData("", "there is no network configuration")]
    [InlineData("not json", "not JSON")]
    [InlineData("[1]", "not a JSON object")]
    [InlineData("""{"Network":"10.42.0.0/16","Backend":{"Type":"warp"}}""", "there is no backend 'warp'; there are vxlan, host-gw, udp, alloc")]
    [InlineData("""{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNl":7}}""", "VNl")]
    [InlineData("""{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":16777216}}""", "VNI")]
    [InlineData("""{"Network":"10.42.0.0/16","SubnetLen":31,"Backend":{"Type":"vxlan"}}""", "SubnetLen")]
    [InlineData("""{"Network":"10.42.0.0/16","SubnetMin":"10.42.9.0","SubnetMax":"10.42.1.0","Backend":{"Type":"vxlan"}}""", "SubnetM")]
    [InlineData("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:42::/48","Backend":{"Type":"vxlan"}}""", "IPv6-only")]
    public async Task A_bad_configuration_is_waited_for_with_its_reason_and_a_corrected_one_taken(string config, string reason)
    {
        using var network = await Network.CreateAsync(hosts: 1, config: config);
        var node = network.Launch(0);
        await node.WaitForStatusAsync("reasons", reason);
        await node.WaitForLogAsync(reason);
        Assert.Equal("Configuration", await node.StatusAsync("phase"));
        Assert.False(File.Exists(node.SubnetFile));
        Assert.DoesNotContain("flannel.", await node.RunAsync("ip", "link"), StringComparison.Ordinal);

        await network.Store.PutAsync(ConfigKey, Network.Config("vxlan"), network.Limit);
        output.WriteLine($"ready {(await node.WaitForStatusAsync("state", "Ready", 4)).TotalMilliseconds:F0} ms after it was corrected");
    }

    [Fact]
    public async Task F26_Q37_A_configuration_removed_or_changed_at_run_time_leaves_the_node_running_with_a_notice()
    {
        using var network = await Network.CreateAsync();
        var nodes = await network.StartAllAsync();
        string kernel = await nodes[0].SnapshotAsync();
        string env = await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit);

        await network.Store.DeleteAsync(ConfigKey, network.Limit);
        await nodes[0].WaitForStatusAsync("configNotice", "removed");
        Assert.Equal("ConfigMismatch", await nodes[0].StatusAsync("state"));
        await network.Store.PutAsync(ConfigKey, Network.Config("vxlan", network: "10.99.0.0/16"), network.Limit);
        await nodes[0].WaitForStatusAsync("configNotice", "does not give");
        await network.Store.PutAsync(ConfigKey, Network.Config("host-gw"), network.Limit);
        await nodes[0].WaitForStatusAsync("configNotice", "takes effect when");
        await network.Store.PutAsync(ConfigKey, "{", network.Limit);
        await nodes[0].WaitForStatusAsync("configNotice", "not usable");

        Snapshot.AssertSame(kernel, await nodes[0].SnapshotAsync());
        Assert.Equal(env, await File.ReadAllTextAsync(nodes[0].SubnetFile, network.Limit));
        await network.AssertAllPairsPingAsync();
        await network.Store.PutAsync(ConfigKey, Network.Config("vxlan"), network.Limit);
        await nodes[0].WaitForStatusAsync("state", "Ready");
        Assert.Equal("", await nodes[0].StatusAsync("configNotice"));
    }
}
