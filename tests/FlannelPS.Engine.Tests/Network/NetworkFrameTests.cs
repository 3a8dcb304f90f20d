using System.Text.RegularExpressions;
using FlannelPS.Engine.Tests.Report;
using FlannelPS.Live;
using FlannelPS.Report;

namespace FlannelPS.Engine.Tests.Network;

public sealed partial class NetworkFrameTests
{
    private static IReadOnlyList<string> Compose(IReadOnlyList<Witness> witnesses, int width = 140, int height = 40, bool isColoured = false)
        => NetworkFrame.Compose(witnesses, GivenNetwork.Taken, 2, width, height, isColoured);

    private static readonly IReadOnlyList<Witness> Thousand = GivenNetwork.Of(1000, 1, GivenNetwork.WithFaults).Witnesses;

    [Theory]
    [InlineData(140, 40)]
    [InlineData(80, 24)]
    [InlineData(40, 10)]
    [InlineData(20, 5)]
    [InlineData(1, 1)]
    [InlineData(200, 2000)]
    public void It_fits_the_window_whatever_there_is_to_show(int width, int height)
    {
        foreach (var isColoured in new[] { false, true })
        {
            var lines = Compose(Thousand, width, height, isColoured);
            Assert.InRange(lines.Count, 1, height);
            Assert.All(lines, line => Assert.InRange(Colour().Replace(line, "").Length, 0, width));
            // No colour is left on at the end of a line.
            Assert.All(lines, line => Assert.Equal(line.Contains('\e'), line.EndsWith("\e[0m", StringComparison.Ordinal) || line.LastIndexOf("\e[0m", StringComparison.Ordinal) == line.LastIndexOf('\e') && line.Contains('\e')));
        }
    }

    [Fact]
    public void The_worst_come_first_and_the_rest_is_counted()
    {
        var lines = Compose(Thousand);
        var rows = lines.SkipWhile(line => !line.StartsWith("STATE", StringComparison.Ordinal)).Skip(1).TakeWhile(line => line.Length > 0).ToList();
        Assert.StartsWith("Failed", rows[0], StringComparison.Ordinal);
        var rest = Rest().Match(rows[^1]);
        Assert.True(rest.Success, rows[^1]);
        Assert.Equal(999, rows.Count - 1 + int.Parse(rest.Groups[1].Value));
        Assert.Contains("933 Reachable", rest.Groups[2].Value);
        var states = rows.Take(rows.Count - 1).Select(row => LinkStates.Parse(row.Split(' ')[0])).ToList();
        Assert.Equal(states.OrderDescending(), states);
    }

    [Fact]
    public void Where_all_fit_none_is_counted_and_the_events_are_there()
    {
        var lines = Compose(GivenNetwork.Of(5, 1).Witnesses);
        Assert.Contains(lines, line => line.StartsWith("node-01", StringComparison.Ordinal) || line.StartsWith("flannel Ready  10.42.1.0/24 at 198.18.0.11 on eth0", StringComparison.Ordinal));
        Assert.Equal(4, lines.Count(line => line.StartsWith("Reachable", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, line => line.StartsWith("and ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("RouteRepaired: The route to", StringComparison.Ordinal));
    }

    [Fact]
    public void Causes_stand_under_their_node()
    {
        var lines = Compose(Thousand);
        Assert.Contains("PeerUnreachable", lines[1]);
        Assert.StartsWith("  Peers: 24 cannot be reached", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_strangers_name_steers_no_terminal()
    {
        var hostile = GivenNetwork.Of(3, 1, (_, _, peer) => peer with { HostName = "\e[2J\e]0;x\a", Reason = "a\r\nb\u009b31m", State = LinkState.Unknown, Word = "\e[0m" }).Witnesses;
        foreach (var line in Compose(hostile).Concat(new NetworkChanges().Next(hostile, GivenNetwork.Taken)))
            Assert.DoesNotContain(line, char.IsControl);
    }

    [Fact]
    public void Several_nodes_are_told_apart()
    {
        var one = GivenNetwork.Of(3, 1).Witnesses[0];
        var lines = Compose([one, one with { Node = one.Node with { Name = "blue" } }]);
        Assert.Contains(lines, line => line.StartsWith("NODE", StringComparison.Ordinal));
        Assert.Equal(2, lines.Count(line => line.StartsWith("blue        Reachable", StringComparison.Ordinal)));
    }

    [Fact]
    public void Plain_lines_tell_how_it_stands_and_then_only_what_changed()
    {
        var changes = new NetworkChanges();
        var calm = GivenNetwork.Of(5, 1).Witnesses;
        Assert.Equal(["15:09:26 flannel is Ready (10.42.1.0/24, vxlan), peers: 4 Reachable"], changes.Next(calm, GivenNetwork.Taken));
        Assert.Empty(changes.Next(calm, GivenNetwork.Taken));

        var cut = calm[0] with
        {
            Node = calm[0].Node with { State = "PeerUnreachable", Causes = ["Peers: 1 cannot be reached"] },
            Peers = [calm[0].Peers[0] with { State = LinkState.Unreachable, Word = "Unreachable", Reason = "no answer for 12 s" }, .. calm[0].Peers.Skip(1).Take(2)],
            Events = [.. calm[0].Events, new(GivenNetwork.Taken.AddSeconds(1), "Warning", "PeerLost", "10.42.2.0/24 does not answer")],
        };
        Assert.Equal(
            [
                "15:09:28 flannel is PeerUnreachable: Peers: 1 cannot be reached",
                "15:09:28 flannel: 10.42.2.0/24 node-02 at 198.18.0.12 is Unreachable, was Reachable: no answer for 12 s",
                "15:09:28 flannel: 10.42.5.0/24 is gone",
                "15:09:28 flannel: Warning PeerLost: 10.42.2.0/24 does not answer",
            ],
            changes.Next([cut], GivenNetwork.Taken.AddSeconds(2)));
        Assert.Equal(["15:09:30 flannel is gone"], changes.Next([], GivenNetwork.Taken.AddSeconds(4)));
    }

    [Fact]
    public void A_thousand_changes_at_once_are_some_lines_and_a_number()
    {
        var changes = new NetworkChanges();
        changes.Next(Thousand, GivenNetwork.Taken);
        var lines = changes.Next([Thousand[0] with { Peers = [] }], GivenNetwork.Taken);
        Assert.Equal(41, lines.Count);
        Assert.EndsWith("and 959 more", lines[^1], StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Colour();

    [GeneratedRegex(@"^and (\d+) more: (.*)$")]
    private static partial Regex Rest();
}
