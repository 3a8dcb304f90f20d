using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Tests.Leases;

namespace FlannelPS.Engine.Tests.Backends;

public sealed class NetworkConfigInspectionTests
{
    private static NetworkConfigInspection.Result Inspect(string json) => NetworkConfigInspection.Inspect(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_configuration_that_holds_passes_every_rule()
    {
        var result = Inspect("""{"Network":"10.3.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48","Backend":{"Type":"vxlan"}}""");
        Assert.NotNull(result.Config);
        Assert.All(result.Verdicts, verdict => Assert.Equal(RuleStatus.Pass, verdict.Status));
        Assert.Equal(
            ["Json", "EnableIPv4", "EnableNFTables", "Network", "SubnetLen", "SubnetMin", "SubnetMax", "SubnetOrder",
                "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax", "IPv6SubnetOrder", "BackendType", "Backend", "Members"],
            result.Verdicts.Select(verdict => verdict.Rule));
    }

    [Fact]
    public void Behind_a_mistake_the_others_are_looked_at_and_what_rests_on_it_is_not()
    {
        var result = Inspect("""{"Network":"10.3.0.0/16","SubnetLen":31,"SubnetMin":"x","Backend":{}}""");
        Assert.Null(result.Config);
        Assert.Equal(["SubnetLen", "BackendType"], result.Verdicts.Where(verdict => verdict.Status == RuleStatus.Fail).Select(verdict => verdict.Rule));
        Assert.Contains(result.Verdicts, verdict => verdict is { Rule: "SubnetMin", Status: RuleStatus.Skip });
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"\\ud800\"")]
    [InlineData("""{"A":"\ud800"}""")]
    public void What_is_no_object_fails_the_first_rule_alone(string json)
        => Assert.Equal("Json", Assert.Single(Inspect(json).Verdicts, verdict => verdict.Status == RuleStatus.Fail).Rule);

    [Fact]
    public void The_reader_and_the_inspection_find_the_same_first_mistake()
    {
        foreach (var json in new[]
        {
            "{", "{}", """{"Network":"10.0.0.0/29"}""", """{"Network":"10.3.0.0/16","SubnetMin":"10.4.0.0"}""", """{"Network":"10.3.0.0/16","EnableIPv6":true}""",
            """{"Network":"10.3.0.0/16","Backend":7}""", """{"Network":"10.3.0.0/16","EnableIPv4":false}""", """{"Network":"10.3.0.0/16","EnableNFTables":1}""",
        })
        {
            var thrown = Assert.Throws<NetworkConfigException>(() => Given.Read(json));
            Assert.Equal(thrown.Message, Inspect(json).Verdicts.First(verdict => verdict.Status == RuleStatus.Fail).Message);
        }
    }

    [Fact]
    public void All_backends_of_ours_are_flannels_too()
    {
        Assert.All(OriginalBackends.Types.Where(BackendRegistry.Has), type => Assert.Equal(RuleStatus.Pass, NetworkConfigInspection.BackendVerdict(Given.Config($$"""{"Type":"{{type}}"}""")).Status));
        Assert.Equal(["vxlan", "host-gw", "alloc", "udp"], OriginalBackends.Types.Where(BackendRegistry.Has));
    }

    [Fact]
    public void A_change_is_refused_only_where_nodes_could_not_go_on()
    {
        var present = Encoding.UTF8.GetBytes("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        var peer = Given.Peer("10.5.1.0-24", "192.0.2.2", "02:00:00:00:00:02");
        Assert.Null(NetworkConfigChange.Refusal(present, Given.Config("""{"Type":"host-gw"}"""), []));
        Assert.Null(NetworkConfigChange.Refusal(present, Given.Config(fields: "\"SubnetLen\":26,"), [peer]));
        Assert.Contains("Backend would change", NetworkConfigChange.Refusal(present, Given.Config("""{"Type":"host-gw"}"""), [peer]), StringComparison.Ordinal);
        Assert.Contains("options of backend vxlan", NetworkConfigChange.Refusal(present, Given.Config("""{"Type":"vxlan","VNI":2}"""), [peer]), StringComparison.Ordinal);
        Assert.Contains("IPv6Network would change", NetworkConfigChange.Refusal(present, Given.Dual(), [peer]), StringComparison.Ordinal);
        Assert.Contains("no configuration", NetworkConfigChange.Refusal(present, null, [peer]), StringComparison.Ordinal);
        Assert.Null(NetworkConfigChange.Refusal(null, Given.Config(), [peer]));
        Assert.Contains("is not inside", NetworkConfigChange.Refusal(null, Given.Config(), [Given.Peer("10.6.1.0-24", "192.0.2.2", "02:00:00:00:00:02")]), StringComparison.Ordinal);
    }
}
