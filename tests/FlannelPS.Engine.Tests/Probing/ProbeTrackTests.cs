using System.Net;
using FlannelPS.Engine.Probing;

namespace FlannelPS.Engine.Tests.Probing;

/// <summary>What is made of answers that come, come late, or do not come.</summary>
public sealed class ProbeTrackTests
{
    private const int Mtu = 1450;

    [Fact]
    public void A_peer_that_answers_is_reachable_with_its_round_trip_and_its_MTU()
    {
        var path = new Way();
        path.Run(10);
        var reach = path.Read();
        Assert.Equal((ReachState.Reachable, ""), (reach.State, reach.Reason));
        Assert.Equal(TimeSpan.FromMilliseconds(2), reach.RoundTrip);
        Assert.Equal((0.0, 0.0, Mtu), (reach.LossMinute, reach.LossHour, reach.WorkingMtu));
        Assert.InRange(path.At - reach.LastAnswer!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(3.1));
    }

    [Fact]
    public void The_first_answer_tells_that_the_whole_MTU_passes()
    {
        var path = new Way();
        path.Run(0.2);
        Assert.Equal((ReachState.Reachable, Mtu), (path.Read().State, path.Read().WorkingMtu));
        Assert.Single(path.SentLengths);
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(8, 13)] // a thousand peers
    public void I8_A_cut_is_known_within_15_seconds_whenever_it_comes_and_so_is_its_end(int period, int known)
    {
        for (var after = 0.0; after < period + 7; after += 0.3)
        {
            var path = new Way { Period = TimeSpan.FromSeconds(period) };
            path.Run(20 + after);
            path.Passes = (_, _) => false;
            Assert.InRange(path.RunUntil(ReachState.Unreachable), 1, known);
            Assert.Contains("has not answered for", path.Read().Reason, StringComparison.Ordinal);
            Assert.Null(path.Read().WorkingMtu);
            path.Run(60);
            path.Passes = (_, _) => true;
            Assert.InRange(path.RunUntil(ReachState.Reachable), 0, known);
            Assert.Equal(Mtu, path.Read().WorkingMtu);
        }
    }

    [Fact]
    public void A_peer_that_never_answered_is_named_so()
    {
        var path = new Way { Passes = (_, _) => false };
        Assert.InRange(path.RunUntil(ReachState.Unreachable), 1, 12);
        Assert.Contains("has never answered", path.Read().Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void F75_A_single_loss_is_no_alarm(int lost)
    {
        var path = new Way();
        path.Run(12);
        var seen = 0;
        path.Passes = (_, _) => ++seen > lost;
        path.Run(60);
        Assert.Equal([ReachState.Reachable], path.States.Skip(1));
        Assert.True(path.Read().LossMinute <= 0.1);
    }

    [Fact]
    public void F75_Loss_is_told_as_loss_and_does_not_flap()
    {
        var random = new Random(75);
        var path = new Way { Passes = (_, _) => random.NextDouble() >= 0.3 };
        path.Run(3600);
        Assert.InRange(path.Read().LossHour!.Value, 0.24, 0.36);
        Assert.DoesNotContain(ReachState.Unreachable, path.States);
        Assert.DoesNotContain(ReachState.MtuLimited, path.States);
        Assert.InRange(path.States.Count, 2, 12); // Lossy for most of the hour, and not back and forth with each packet
        Assert.Contains(ReachState.Lossy, path.States);
        path.Passes = (_, _) => true;
        path.RunUntil(ReachState.Reachable);
        path.Run(60);
        Assert.Equal((ReachState.Reachable, 0.0), (path.Read().State, path.Read().LossMinute));
    }

    [Fact]
    public void I8_F75_Much_loss_is_told_within_15_seconds_and_so_is_its_end()
    {
        var (random, late) = (new Random(45), 0);
        for (var time = 0; time < 200; time++)
        {
            var path = new Way();
            path.Run(15 + time % 7 * 0.3);
            path.Passes = (_, _) => random.NextDouble() >= 0.45;
            late += path.RunUntil(ReachState.Lossy) > 15 ? 1 : 0;
            path.Run(10);
            path.Passes = (_, _) => true;
            Assert.InRange(path.RunUntil(ReachState.Reachable), 0, 15);
        }
        Assert.InRange(late, 0, 4); // it is chance, after all
    }

    [Fact]
    public void I8_F75_A_short_outage_is_no_loss()
    {
        for (var after = 0.0; after < 4; after += 0.1)
        {
            var path = new Way();
            path.Run(15 + after);
            var end = path.Now + TimeSpan.FromSeconds(2.5);
            path.Passes = (_, now) => now >= end;
            path.Run(60);
            Assert.Equal([ReachState.Unknown, ReachState.Reachable], path.States);
        }
    }

    [Theory]
    [InlineData(1400)]
    [InlineData(1449)]
    [InlineData(576)]
    public void F75_A_black_hole_is_told_within_15_seconds_with_the_length_that_passes(int passing)
    {
        var path = new Way();
        path.Run(15);
        path.Passes = (length, _) => length <= passing;
        Assert.InRange(path.RunUntil(ReachState.MtuLimited), 1, 15);
        path.Run(15);
        Assert.Equal((passing, ReachState.MtuLimited), (path.Read().WorkingMtu, path.Read().State));
        Assert.Equal($"packets longer than {passing} bytes do not pass, and the tunnel's MTU is {Mtu}", path.Read().Reason);
        path.Run(120);
        Assert.Equal((passing, ReachState.MtuLimited), (path.Read().WorkingMtu, path.Read().State));
        Assert.Equal(0.0, path.Read().LossMinute); // what is known not to pass is no loss
        path.Passes = (_, _) => true;
        Assert.InRange(path.RunUntil(ReachState.Reachable), 0, 15);
        Assert.Equal(Mtu, path.Read().WorkingMtu);
    }

    [Fact]
    public void F75_I8_A_black_hole_that_ends_while_its_length_is_searched_is_forgotten_within_8_seconds()
    {
        for (var second = 0; second < 14; second++)
        {
            var path = new Way();
            path.Run(15);
            path.Passes = (length, _) => length <= 1400;
            path.RunUntil(ReachState.MtuLimited);
            path.Run(second);
            path.Passes = (_, _) => true;
            Assert.InRange(path.RunUntil(ReachState.Reachable), 0, 8);
        }
    }

    [Fact]
    public void I8_F75_What_a_black_hole_took_is_no_loss_once_it_is_over()
    {
        var path = new Way();
        path.Run(15);
        for (var chance = 0; chance < 2; chance++)
        {
            var seen = 0;
            path.Passes = (_, _) => ++seen > 1;
            path.Run(9);
        }
        path.Passes = (length, _) => length <= 1400;
        path.RunUntil(ReachState.MtuLimited);
        path.Run(3);
        path.Passes = (_, _) => true;
        Assert.InRange(path.RunUntil(ReachState.Reachable), 0, 15);
        path.Run(30);
        Assert.Equal([ReachState.MtuLimited, ReachState.Reachable], path.States[^2..]);
    }

    [Fact]
    public void A_black_hole_that_becomes_a_cut_is_a_cut()
    {
        var path = new Way();
        path.Run(15);
        path.Passes = (length, _) => length <= 1000;
        path.RunUntil(ReachState.MtuLimited);
        path.Run(30);
        path.Passes = (_, _) => false;
        Assert.InRange(path.RunUntil(ReachState.Unreachable), 1, 15);
    }

    [Fact]
    public void F75_Answers_that_come_late_are_answers()
    {
        var path = new Way();
        path.Run(10);
        path.RoundTrip = TimeSpan.FromMilliseconds(1800);
        path.Run(120);
        Assert.DoesNotContain(ReachState.Unreachable, path.States);
        Assert.InRange(path.Read().RoundTrip!.Value.TotalMilliseconds, 1750, 1950);
        Assert.True(path.Read().LossMinute < 0.2, $"lost {path.Read().LossMinute}");
    }

    [Fact]
    public void F75_An_answer_that_comes_twice_counts_once_and_one_for_somebody_else_not_at_all()
    {
        var path = new Way();
        path.Track.Sent(path.Now, 7, 99, 92, 0);
        Assert.False(path.Track.Answered(path.Now, 7, 98, 0));
        Assert.False(path.Track.Answered(path.Now, 8, 99, 0));
        Assert.True(path.Track.Answered(path.Now, 7, 99, 0));
        Assert.False(path.Track.Answered(path.Now, 7, 99, 0));
    }

    [Fact]
    public void F27_A_clock_that_jumps_does_not_become_a_round_trip()
    {
        var path = new Way();
        path.Run(5);
        path.ClockJump = TimeSpan.FromDays(1);
        path.Run(60);
        Assert.InRange(path.Read().RoundTrip!.Value.TotalMilliseconds, 0, 150);
    }

    [Fact]
    public void F75_One_way_is_told_where_the_peers_own_probes_arrive()
    {
        var path = new Way();
        path.Run(10);
        path.Passes = (_, _) => false;
        path.HeardEvery = 3;
        path.RunUntil(ReachState.OneWay);
        Assert.Contains("the way there is cut", path.Read().Reason, StringComparison.Ordinal);
        Assert.Equal(("host-2", "1.2.3"), (path.Read().HostName, path.Read().Version));
        path.HeardEvery = 0;
        path.Run(11);
        Assert.Equal(ReachState.Unreachable, path.Read().State);
    }

    [Fact]
    public void A_new_MTU_is_tried_at_once()
    {
        var path = new Way();
        path.Run(20);
        path.Track.Resize(1400, path.Now);
        Assert.Null(path.Read().WorkingMtu);
        path.Run(5);
        Assert.Equal((1400, ReachState.Reachable), (path.Read().WorkingMtu, path.Read().State));
    }

    [Theory]
    [InlineData(1, 600, 150)]
    [InlineData(6.7, 88, 88)] // many peers: what is rare may be long
    public void A_peer_that_answers_costs_a_packet_each_period_and_a_long_one_each_four_seconds_at_most(double period, int all, int ofMtu)
    {
        var path = new Way { Period = TimeSpan.FromSeconds(period) };
        path.Run(600);
        Assert.InRange(path.SentLengths.Count, all - 2, all + 2);
        Assert.InRange(path.SentLengths.Count(length => length == Mtu), ofMtu - 2, ofMtu + 2);
    }

    [Fact]
    public void I8_F75_A_peer_that_is_cut_off_is_asked_no_more_often_than_one_that_answers()
    {
        var path = new Way();
        path.Run(10);
        path.Passes = (_, _) => false;
        path.RunUntil(ReachState.Unreachable);
        var before = path.SentLengths.Count;
        path.Run(60);
        Assert.InRange(path.SentLengths.Count - before, 55, 61);
    }

    /// <summary>A way to a peer whose faults are set, in tenths of a second.</summary>
    private sealed class Way
    {
        private readonly List<(TimeSpan At, ushort Sequence, ulong Cookie, TimeSpan SentAt)> _onTheWay = [];
        private ushort _sequence;

        public ProbeTrack Track { get; } = new(IPAddress.Parse("10.42.2.0"), Mtu, TimeSpan.FromSeconds(1));
        public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(1);
        public DateTimeOffset At => DateTimeOffset.UnixEpoch + Now;
        public Func<int, TimeSpan, bool> Passes { get; set; } = (_, _) => true;
        public TimeSpan RoundTrip { get; set; } = TimeSpan.FromMilliseconds(2);
        public TimeSpan ClockJump { get; set; }
        public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(1);
        public double HeardEvery { get; set; }
        public List<ReachState> States { get; } = [ReachState.Unknown];
        public List<int> SentLengths { get; } = [];

        public PeerReach Read() => Track.Read(Now, At);

        public double RunUntil(ReachState state)
        {
            var from = Now;
            while (Read().State != state)
            {
                Assert.True(Now - from < TimeSpan.FromSeconds(200), $"it is {Read().State} and not {state}");
                Step();
            }
            return (Now - from).TotalSeconds;
        }

        public void Run(double seconds)
        {
            for (var end = Now + TimeSpan.FromSeconds(seconds); Now < end;)
                Step();
        }

        private void Step()
        {
            Now += TimeSpan.FromMilliseconds(100);
            foreach (var answer in _onTheWay.Where(answer => answer.At <= Now).ToList())
            {
                _onTheWay.Remove(answer);
                Track.Answered(Now, answer.Sequence, answer.Cookie, Clock(answer.At));
            }
            if (HeardEvery > 0 && Now.TotalSeconds % HeardEvery < 0.1)
                Track.Heard(Now, "host-2", "1.2.3");
            if (Track.WakeAt > Now)
                return;
            Track.Expire(Now);
            Span<int> lengths = stackalloc int[3];
            var count = Track.IsDue(Now) ? Track.Take(Now, Track.IsWatched ? ProbeTrack.Quick : Period, lengths) : 0;
            foreach (var length in lengths[..count])
            {
                SentLengths.Add(length);
                Track.Sent(Now, ++_sequence, _sequence * 1000UL, length, Clock(Now) - (long)ClockJump.TotalNanoseconds);
                if (Passes(length, Now))
                    _onTheWay.Add((Now + RoundTrip, _sequence, _sequence * 1000UL, Now));
            }
            Track.Rest();
            if (States[^1] != Read().State)
                States.Add(Read().State);
        }

        private static long Clock(TimeSpan time) => 1_700_000_000_000_000_000 + (long)time.TotalNanoseconds;
    }
}
