using System.Net;
using System.Numerics;

namespace FlannelPS.Engine.Probing;

/// <summary>What is known of the way to one peer, and what to ask next. Time is handed in; sends nothing itself.</summary>
/// <remarks>
/// Every period one packet goes out, a short one, or every four seconds one of the tunnel's MTU. One that is lost proves nothing, so six pairs follow quickly, and they decide: nothing came back,
/// or nothing long, or the loss was chance. Then turns come quickly for a while, so that it is soon known whether more is lost, and that it is not any more; three lost of twenty are loss until
/// none is, so it does not flap. Where long packets do not pass, the longest that do are searched for by halving.
/// </remarks>
internal sealed partial class ProbeTrack(IPAddress address, int mtu, TimeSpan first)
{
    /// <summary>How long an answer is waited for. A later one is taken in all the same.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Whose probe came within this time, or two periods, is heard.</summary>
    public static readonly TimeSpan HeardFor = TimeSpan.FromSeconds(10);

    // Somewhat less than meant, because turns come late: one second, four seconds.
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(900), LongEvery = TimeSpan.FromMilliseconds(3500);

    /// <summary>Distance of the pairs that decide, and of turns where something was lost.</summary>
    internal static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(500);

    private const int Pairs = 6, Tries = 3, FewProbes = 4, ManyProbes = 16, Samples = 8, SearchAgain = 10;
    private const int Recent = 20, LossyFrom = 3;
    private Probe[] _probes = new Probe[FewProbes];    // more while it decides
    private readonly TimeSpan[] _roundTrips = new TimeSpan[Samples];
    private readonly LossWindow _loss = new();
    private Mode _mode;
    private int _next;
    private int _samples;
    private int _step;
    private int _pending;
    private (int Short, int Long) _answered;
    private (int Passes, int Stays) _search;
    private int _longChecks;
    private uint _recent;    // a bit for each of the last turns: 1 for lost
    private bool _tryingWhole;
    private TimeSpan _doubted;
    private TimeSpan _sampleAt;
    private TimeSpan _longAt = first;    // an answer to the first one tells all
    private bool _wasLong;
    private TimeSpan? _lastAnswer;
    private TimeSpan? _lastHeard;
    private TimeSpan _heardFor = HeardFor;
    private string _hostName = "";
    private string _version = "";

    private enum Mode
    {
        Steady,
        Deciding,
        Searching,
    }

    private struct Probe
    {
        public ulong Cookie;
        public long Clock;
        public TimeSpan SentAt;
        public ushort Sequence, Length;
        public bool IsUsed, IsSettled, IsLost, IsTurn, IsSample;
    }

    /// <summary>Whom it is about.</summary>
    public IPAddress Address { get; } = address;

    /// <summary>The tunnel's MTU, bytes.</summary>
    public int Mtu { get; private set; } = mtu;

    /// <summary>Where it stands; <see cref="ReachState.OneWay"/> is told by <see cref="Read"/> alone.</summary>
    public ReachState State { get; private set; }

    /// <summary>What was told of it last.</summary>
    public ReachState Told { get; set; }

    /// <summary>The longest packet that passes, bytes; null while that is not known.</summary>
    public int? WorkingMtu { get; private set; }

    /// <summary>When it wants to be looked at next: to send, or because an answer is overdue. Perhaps sooner than needed: <see cref="Rest"/> makes it exact.</summary>
    public TimeSpan WakeAt { get; private set; } = first;

    /// <summary>Whether something was lost just now, so that turns come quickly.</summary>
    public bool IsWatched => _recent != 0 && State is (ReachState.Reachable or ReachState.Lossy);

    private TimeSpan Due
    {
        get;
        set
        {
            field = value;
            if (value < WakeAt)
                WakeAt = value;
        }
    } = first;

    /// <summary>There is nothing more to do for it now.</summary>
    public void Rest()
    {
        WakeAt = Due;
        foreach (ref var probe in _probes.AsSpan())
            if (probe is { IsUsed: true, IsSettled: false } && probe.SentAt + Patience < WakeAt)
                WakeAt = probe.SentAt + Patience;
    }

    /// <summary>Whether a probe is due.</summary>
    public bool IsDue(TimeSpan now) => now >= Due;

    /// <summary>Lengths of the packets to send now, bytes; the next turn is a period on, or sooner.</summary>
    /// <param name="now">The time.</param>
    /// <param name="period">Distance of two turns.</param>
    /// <param name="into">Takes at most three lengths.</param>
    /// <returns>How many.</returns>
    public int Take(TimeSpan now, TimeSpan period, Span<int> into)
    {
        switch (_mode)
        {
            case Mode.Deciding when _step < Pairs:
                _step++;
                Due = now + Quick;
                (into[0], into[1]) = (ProbePacket.Short, Mtu);
                return 2;
            case Mode.Searching when _pending == 0:
                Due = now + Patience;
                into[..Tries].Fill(_tryingWhole ? Mtu : (_search.Passes + _search.Stays) / 2);
                return Tries;
            case Mode.Steady:
                // After a late turn the next is not made up for.
                Due = now + period;
                _heardFor = period * 2 > HeardFor ? period * 2 : HeardFor;
                // Where long ones are known not to pass, short ones between them tell whether there is a way at all.
                _wasLong = now >= _longAt && Mtu > ProbePacket.Short && !(_wasLong && State is ReachState.MtuLimited);
                if (_wasLong)
                    _longAt = now + LongEvery;
                into[0] = _wasLong ? Mtu : ProbePacket.Short;
                return 1;
            default:
                Due = now + Patience;    // waits for the answers to what is on the way
                return 0;
        }
    }

    /// <summary>Takes in that a probe was sent, or could not be.</summary>
    /// <param name="now">When.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="cookie">What an answer must have.</param>
    /// <param name="length">Of the packet, bytes.</param>
    /// <param name="clock">The wall clock, nanoseconds.</param>
    public void Sent(TimeSpan now, ushort sequence, ulong cookie, int length, long clock)
    {
        ref var probe = ref _probes[_next];
        if (probe is { IsUsed: true, IsSettled: false })
            Settle(ref probe, lost: true, now);
        _next = (_next + 1) % _probes.Length;
        // What is known not to pass is no loss.
        var isTurn = _mode == Mode.Steady && !(length == Mtu && State is ReachState.MtuLimited);
        // Quick turns would give the moments of loss too much weight in an hour.
        var isSample = isTurn && now >= _sampleAt;
        if (isSample)
            _sampleAt = now + SampleEvery;
        probe = new() { IsUsed = true, Sequence = sequence, Cookie = cookie, Length = (ushort)length, SentAt = now, Clock = clock, IsTurn = isTurn, IsSample = isSample };
        if (_mode != Mode.Steady)
            _pending++;
    }

    /// <summary>Takes an answer in.</summary>
    /// <param name="now">The time.</param>
    /// <param name="sequence">Of the request.</param>
    /// <param name="cookie">Of the request.</param>
    /// <param name="clock">When the answer came in by the wall clock, nanoseconds; 0 for not known.</param>
    /// <returns>Whether it was an answer to one of ours.</returns>
    public bool Answered(TimeSpan now, ushort sequence, ulong cookie, long clock)
    {
        foreach (ref var probe in _probes.AsSpan())
        {
            if (!probe.IsUsed || probe.Sequence != sequence || probe.Cookie != cookie || probe is { IsSettled: true, IsLost: false })
                continue;
            // The wall clock is the finer one, and may jump: then it is not believed.
            var (fine, rough) = (TimeSpan.FromTicks((clock - probe.Clock) / 100), now - probe.SentAt);
            _roundTrips[_samples++ % Samples] = clock != 0 && fine > TimeSpan.Zero && fine <= rough + TimeSpan.FromMilliseconds(100) ? fine : rough;
            _lastAnswer = now;
            if (!probe.IsSettled)
            {
                Settle(ref probe, lost: false, now);
                return true;
            }
            // Late, and so it lives.
            probe.IsLost = false;
            if (probe.IsSample)
                _loss.Recover(probe.SentAt);
            if (_mode == Mode.Deciding)
                Count(probe.Length);
            return true;
        }
        return false;
    }

    /// <summary>A probe of the peer's own came in.</summary>
    /// <param name="now">When.</param>
    /// <param name="hostName">As it says.</param>
    /// <param name="version">As it says.</param>
    public void Heard(TimeSpan now, string hostName, string version) => (_lastHeard, _hostName, _version) = (now, hostName, version);

    /// <summary>Gives up what was not answered in time.</summary>
    public void Expire(TimeSpan now)
    {
        // By index: what one of them leads to may give us a longer list.
        for (var i = 0; i < _probes.Length; i++)
            if (_probes[i] is { IsUsed: true, IsSettled: false } probe && now - probe.SentAt >= Patience)
                Settle(ref _probes[i], lost: true, now);
    }

    /// <summary>The tunnel's MTU changed: whether that length passes is not known any more.</summary>
    public void Resize(int mtu, TimeSpan now)
    {
        if (mtu == Mtu)
            return;
        (Mtu, WorkingMtu) = (mtu, null);
        if (_mode != Mode.Deciding)
            Begin(now);
    }

    /// <summary>Whether it does not answer, and its own probes arrive.</summary>
    public bool IsOneWay(TimeSpan now) => State == ReachState.Unreachable && _lastHeard is { } heard && heard > _doubted + Quick && now - heard < _heardFor;

    /// <summary>How it stands.</summary>
    /// <param name="now">The time.</param>
    /// <param name="at">The same as a date.</param>
    public PeerReach Read(TimeSpan now, DateTimeOffset at)
    {
        var state = IsOneWay(now) ? ReachState.OneWay : State;
        return new(state, Reason(state, now), Address)
        {
            RoundTrip = RoundTrip(),
            LossMinute = _loss.Minute(now),
            LossHour = _loss.Hour(now),
            WorkingMtu = WorkingMtu,
            LastAnswer = _lastAnswer is { } answer ? at - (now - answer) : null,
            LastHeard = _lastHeard is { } last ? at - (now - last) : null,
            HostName = _hostName,
            Version = _version,
        };
    }

    private string Reason(ReachState state, TimeSpan now)
        => state switch
        {
            ReachState.Lossy => $"{BitOperations.PopCount(_recent)} of the last {Recent} probes were lost",
            ReachState.MtuLimited when WorkingMtu is { } working => $"packets longer than {working} bytes do not pass, and the tunnel's MTU is {Mtu}",
            ReachState.MtuLimited => $"packets of {Mtu} bytes, the tunnel's MTU, do not pass",
            ReachState.OneWay => $"its probes arrive here, and {Address} does not answer ours: the way there is cut",
            ReachState.Unreachable => _lastAnswer is { } last ? $"{Address} has not answered for {(now - last).TotalSeconds:0} s" : $"{Address} has never answered",
            _ => "",
        };

    private TimeSpan? RoundTrip()
    {
        var count = Math.Min(_samples, Samples);
        if (count == 0)
            return null;
        Span<TimeSpan> sorted = stackalloc TimeSpan[Samples];
        _roundTrips.AsSpan(0, count).CopyTo(sorted);
        sorted = sorted[..count];
        sorted.Sort();
        return sorted[count / 2];
    }
}
