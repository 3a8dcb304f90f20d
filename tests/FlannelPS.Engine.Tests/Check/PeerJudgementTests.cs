using System.Net;
using FlannelPS.Checks;

namespace FlannelPS.Engine.Tests.Check;

/// <summary>What measurements on the way to another host mean.</summary>
public sealed class PeerJudgementTests
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(1);
    private static readonly PeerTarget Peer = new("flannel", IPNetwork.Parse("10.42.2.0/24"), IPAddress.Parse("192.0.2.12"), "vxlan", IPAddress.Parse("10.42.2.0"), 8472, 1450, "Programmed", "");
    private static readonly PeerTrial Good = new() { Sent = 3, Received = 3, Time = Quick, WorkingMtu = 1450, IsUnderlayReachable = true, UnderlayTime = Quick };
    private static readonly PeerTrial Silent = Good with { Received = 0, Time = null, WorkingMtu = null };

    [Fact]
    public void What_answers_at_the_whole_MTU_is_right() => Is(PeerJudgement.Judge(Peer, Good), FlannelTestStatus.Pass, "1450");

    [Fact]
    public void F75_Long_packets_that_stay_away_are_a_black_hole() => Is(PeerJudgement.Judge(Peer, Good with { WorkingMtu = 1350 }), FlannelTestStatus.Fail, "MTU black hole");

    [Fact]
    public void F75_Loss_is_a_warning() => Is(PeerJudgement.Judge(Peer, Good with { Received = 2 }), FlannelTestStatus.Warn, "2 of 3");

    [Fact]
    public void F76_A_host_that_answers_beside_a_silent_tunnel_has_its_port_blocked() => Is(PeerJudgement.Judge(Peer, Silent), FlannelTestStatus.Fail, "UDP 8472 is blocked");

    [Fact]
    public void F76_A_port_that_is_refused_is_told_apart() => Is(PeerJudgement.Judge(Peer, Silent with { PortProblem = "nobody listens there" }), FlannelTestStatus.Fail, "UDP 8472 of 192.0.2.12 is refused: nobody listens there");

    [Fact]
    public void A_host_that_is_silent_everywhere_is_down() => Is(PeerJudgement.Judge(Peer, Silent with { IsUnderlayReachable = false }), FlannelTestStatus.Fail, "The host is down");

    [Fact]
    public void What_somebody_says_is_told() => Is(PeerJudgement.Judge(Peer, Silent with { Problem = "192.0.2.1 says that its firewall rejects it" }), FlannelTestStatus.Fail, "192.0.2.1 says");

    [Fact]
    public void What_is_not_programmed_says_why() => Is(PeerJudgement.Judge(Peer with { State = "Failed", Reason = "contested" }, Silent), FlannelTestStatus.Fail, "contested");

    [Theory]
    [InlineData("Unreachable")]
    [InlineData("OneWay")]
    [InlineData("MtuLimited")]
    public void F75_What_the_nodes_own_probes_say_otherwise_is_no_pass(string probed)
        => Is(PeerJudgement.Judge(Peer with { Probed = probed, ProbedReason = "as seen" }, Good), FlannelTestStatus.Warn, $"{probed}: as seen");

    [Fact]
    public void F75_A_failure_that_the_probes_do_not_know_yet_says_so() => Is(PeerJudgement.Judge(Peer with { Probed = "Reachable" }, Silent), FlannelTestStatus.Fail, "say Reachable still");

    [Fact]
    public void What_cannot_be_asked_is_skipped_and_never_passed()
    {
        Is(PeerJudgement.Judge(Peer with { State = "Refused", Reason = "its public IP is our own" }, null), FlannelTestStatus.Skip, "our own");
        Is(PeerJudgement.Judge(Peer with { Backend = "alloc", Address = null }, null), FlannelTestStatus.Skip, "alloc");
        Is(PeerJudgement.Judge(Peer with { Backend = "host-gw", Port = 0 }, Silent), FlannelTestStatus.Skip, "host-gw");
    }

    private static void Is(Finding finding, FlannelTestStatus status, string text)
    {
        Assert.Equal(status, finding.Status);
        Assert.Contains(text, $"{finding.Evidence} {finding.Cause}");
        Assert.Equal(status is FlannelTestStatus.Fail or FlannelTestStatus.Warn, finding.Cause.Length > 0);
        Assert.Equal(finding.Cause.Length > 0, finding.Remedy.Length > 0);
    }
}
