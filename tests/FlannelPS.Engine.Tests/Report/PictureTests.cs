using System.Net;
using FlannelPS.Report;

namespace FlannelPS.Engine.Tests.Report;

public sealed class PictureTests
{
    [Fact]
    public void A_host_that_was_not_asked_is_never_taken_for_a_healthy_witness()
    {
        var network = GivenNetwork.Of(3, 1).Networks.Single();
        Assert.Equal(["node-01"], network.Hosts.Where(host => host.Node is not null).Select(host => host.Name));
        Assert.Equal(2, network.Ways().Count());

        // What the other two think of each other is known to nobody.
        Assert.Null(TopologySection.Between(network, network.Hosts[1], network.Hosts[2]));
        var page = ReportPage.Render(GivenNetwork.Of(3, 1));
        Assert.Contains("2 of 3 hosts were not asked", page);
        Assert.Contains("What a host without a row sees is not known.", page);
        Assert.Single(Rows(page).Cast<object>());
    }

    [Fact]
    public void What_no_probe_has_decided_is_neither_well_nor_unwell()
    {
        var page = ReportPage.Render(GivenNetwork.Of(3, 3, (from, to, peer) => from + to == 1 ? peer : peer with { State = LinkState.Programmed, Word = "Programmed", RoundTrip = null, LossMinute = 1 }));
        Assert.Contains("2 of 6 ways to other hosts are known to be well.", page);
        Assert.Contains("class=\"verdict idle\"", page);
        Assert.Contains("of 6; 4 unknown", page);
        // Their loss so far is none of the network's.
        Assert.Contains("at most 0 % on one way", page);
        Assert.DoesNotContain("Ways that are not well", page);
    }

    [Fact]
    public void A_peer_that_one_knows_and_another_does_not_is_trouble_there()
    {
        var all = GivenNetwork.Of(3, 3).Witnesses;
        var picture = PictureBuilder.Build([all[0] with { Peers = [all[0].Peers[0]] }, all[1], all[2]], GivenNetwork.Taken);
        var way = Assert.Single(picture.Networks.Single().Ways(), way => way.State.IsTrouble());
        Assert.Equal((LinkState.Absent, "node-01", "node-03"), (way.State, way.From.Node.Host, way.To.Name));
        Assert.Contains("has no such peer", ReportPage.Render(picture));
    }

    [Fact]
    public void The_graver_of_two_directions_is_drawn()
    {
        var network = GivenNetwork.Of(2, 2, (from, _, peer) => from == 1 ? peer with { State = LinkState.Lossy, LossMinute = 0.4 } : peer).Networks.Single();
        var way = TopologySection.Between(network, network.Hosts[0], network.Hosts[1]);
        Assert.Equal(LinkState.Lossy, way?.State);
        Assert.Equal(2, way?.Title.Split('\n').Length);
        Assert.Equal(LinkState.Lossy, network.Hosts[0].Worst);
        Assert.Equal(LinkState.Reachable, network.Hosts[1].Worst);
    }

    [Fact]
    public void Two_networks_of_a_host_are_two_pictures()
    {
        var one = GivenNetwork.Of(2, 1).Witnesses[0];
        var other = one with { Node = one.Node with { Name = "blue", Network = IPNetwork.Parse("10.60.0.0/16"), Prefix = "/blue", Subnet = IPNetwork.Parse("10.60.7.0/24"), SubnetMin = null }, Peers = [], Leases = [] };
        var picture = PictureBuilder.Build([one, other, new(new NodeFact("", "idle") { State = "Stopped" }, [], [], [])], GivenNetwork.Taken);
        Assert.Equal(["10.42.0.0/16", "10.60.0.0/16"], picture.Networks.Select(network => network.Network.ToString()));
        Assert.Equal([2, 1], picture.Networks.Select(network => network.Hosts.Count));
        var page = ReportPage.Render(picture);
        Assert.Contains(">idle<", page);
        Assert.Contains("The range is the usual one", page);
    }

    [Fact]
    public void Hosts_of_one_name_are_told_apart_by_their_addresses()
    {
        var network = GivenNetwork.Of(3, 2, name: i => i == 2 ? "other" : "clone").Networks.Single();
        Assert.Equal(["clone 198.18.0.11", "clone 198.18.0.12", "other"], network.Hosts.Select(host => host.Name));
    }

    [Fact]
    public void Peers_alone_make_a_picture_too()
    {
        var peers = GivenNetwork.Of(4, 1).Witnesses[0].Peers;
        var picture = PictureBuilder.Build([new(new NodeFact("h1", "flannel"), peers, [], [])], GivenNetwork.Taken);
        Assert.Equal("10.42.0.0/21", picture.Networks.Single().Network.ToString());
        Assert.Contains("No node itself was asked", ReportPage.Render(picture));
    }

    [Fact]
    public void Nothing_at_all_makes_a_page_that_says_so()
    {
        Assert.Contains("No network", ReportPage.Render(PictureBuilder.Build([], GivenNetwork.Taken)));
        Assert.Contains("there is no other host", ReportPage.Render(GivenNetwork.Of(1, 1)));
    }

    [Fact]
    public void A_map_counts_what_is_used_reserved_and_free()
    {
        var map = GivenNetwork.Of(45, 1).Networks.Single().Subnets;
        Assert.Equal((24, 255L, 45L, 2L, 1L), (map.Length, map.Total, map.Used, map.Reserved, map.PerCell));
        Assert.Equal("10.42.46.0/24", map.LongestFree?.At.ToString());
        Assert.Equal(210, map.LongestFree?.Length);
        Assert.Equal(256, map.Cells.Count);
        Assert.Equal((0L, 1L), (map.Cells[0].Given, map.Cells[1].Given));
        Assert.Equal("node-07", map.Cells[7].Host?.Name);
    }

    [Fact]
    public void A_large_range_has_several_subnets_a_cell_and_none_is_lost()
    {
        var one = GivenNetwork.Of(1000, 1).Witnesses[0];
        var wide = one with { Node = one.Node with { Network = IPNetwork.Parse("10.0.0.0/8"), SubnetMin = IPAddress.Parse("10.0.1.0"), SubnetMax = IPAddress.Parse("10.255.255.0") } };
        var map = PictureBuilder.Build([wide], GivenNetwork.Taken).Networks.Single().Subnets;
        Assert.Equal((65_535L, 1000L, 32L, 2048), (map.Total, map.Used, map.PerCell, map.Cells.Count));
        Assert.Equal(1000, map.Cells.Sum(cell => cell.Used));
        Assert.Equal(65_535, map.Cells.Sum(cell => cell.Given));
    }

    [Fact]
    public void Subnets_of_another_length_take_what_they_overlap()
    {
        var one = GivenNetwork.Of(2, 1).Witnesses[0];
        var map = PictureBuilder.Build([one with { Leases = [.. one.Leases, new(IPNetwork.Parse("10.42.64.0/20"), null, "vxlan", false)] }], GivenNetwork.Taken).Networks.Single().Subnets;
        Assert.Equal(18, map.Used);
    }

    [Theory]
    [InlineData(0.3, new[] { 0.2, 0.5, 1, 2, 5 })]
    [InlineData(0.001, new[] { 0.05, 0.1, 0.2, 0.5, 1 })]
    [InlineData(30, new[] { 20.0, 50, 100, 200, 500 })]
    [InlineData(9999, new[] { 100.0, 200, 500, 1000, 2000 })]
    public void The_scale_lies_where_the_times_are(double milliseconds, double[] bounds)
    {
        var scale = RoundTripScale.Of(Enumerable.Repeat(TimeSpan.FromMilliseconds(milliseconds), 9));
        Assert.Equal(bounds, scale.Bounds);
        Assert.Equal(bounds.Count(bound => milliseconds > bound), scale.Step(TimeSpan.FromMilliseconds(milliseconds)));
        Assert.Null(scale.Step(null));
    }

    [Fact]
    public void Every_state_is_told_in_words_and_has_a_colour()
    {
        var sheet = File.ReadAllText(Path.Combine(SourceTree.Root, "FlannelPS/Report/report.css"));
        foreach (var state in LinkStates.OfPeers.Where(state => state is not (LinkState.Reachable or LinkState.Programmed or LinkState.Unknown)))
        {
            Assert.Contains($".cell.{state} ", sheet);
            Assert.Contains($".way.{state}", sheet);
        }
        Assert.Equal(LinkStates.OfPeers.Count, LinkStates.OfPeers.Select(state => state.Words()).Distinct().Count());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 12)]
    [InlineData(13, 2)]
    [InlineData(60, 60)]
    [InlineData(61, 1)]
    [InlineData(100, 100)]
    [InlineData(101, 3)]
    [InlineData(1000, 50)]
    public void A_page_is_well_formed_and_bounded_at_every_size(int hosts, int asked)
    {
        var page = ReportPage.Render(GivenNetwork.Of(hosts, asked, GivenNetwork.WithFaults));
        Assert.True(page.Length < 8 << 20, $"{page.Length} characters");
        // As XML it is read by a strict reader: each tag is closed, each value encoded.
        var body = page[page.IndexOf("<body>", StringComparison.Ordinal)..page.IndexOf("</html>", StringComparison.Ordinal)];
        var read = System.Xml.Linq.XDocument.Parse(body);
        Assert.NotEmpty(read.Descendants("section"));
        Assert.DoesNotContain("NaN", body);
    }

    private static System.Text.RegularExpressions.MatchCollection Rows(string page) => System.Text.RegularExpressions.Regex.Matches(page, "<th scope=\"row\">");
}
