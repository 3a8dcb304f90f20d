using System.Numerics;

namespace FlannelPS.Engine.Probing;

/// <remarks>What is made of an answer, or of none.</remarks>
internal sealed partial class ProbeTrack
{
    private void Settle(ref Probe probe, bool lost, TimeSpan now)
    {
        (probe.IsSettled, probe.IsLost) = (true, lost);
        if (probe.IsSample)
            _loss.Add(probe.SentAt, lost);
        if (probe.IsTurn)
            Remember(lost);
        var isLong = probe.Length == Mtu;
        switch (_mode)
        {
            case Mode.Steady:
                Steady(lost, isLong, now);
                break;
            case Mode.Deciding or Mode.Searching when _pending > 0:
                _pending--;
                if (!lost)
                    Count(probe.Length);
                if (_pending == 0 && _mode == Mode.Searching)
                    Halve(now);
                else if (_pending == 0 && _step >= Pairs)
                    Decide(now);
                break;
        }
    }

    private void Steady(bool lost, bool isLong, TimeSpan now)
    {
        var isShortOnly = State == ReachState.MtuLimited;
        if (lost && isShortOnly && isLong)
        {
            // As known. What passes may have become less, or more.
            if (++_longChecks % SearchAgain == 0)
                Search(now);
            return;
        }
        if (!lost && isShortOnly && isLong)
        {
            // No chance lets a long packet through a black hole.
            Reach(Mtu);
            return;
        }
        switch (State)
        {
            case ReachState.Unknown when !lost:
                State = ReachState.Reachable;
                break;
            case ReachState.Unreachable when lost:
                return;
            case ReachState.MtuLimited when !lost && !isLong:
                return;
        }
        if (!lost && isLong)
            WorkingMtu = Mtu;
        if (State is ReachState.Reachable or ReachState.Lossy)
            State = Weigh();
        if (lost || State is ReachState.Unreachable or ReachState.MtuLimited)
            Begin(now);
    }

    private void Remember(bool lost) => _recent = (_recent << 1 | (lost ? 1u : 0u)) & (1u << Recent) - 1;

    private ReachState Weigh()
        => BitOperations.PopCount(_recent) is var lost && lost >= LossyFrom ? ReachState.Lossy : lost == 0 || State != ReachState.Lossy ? ReachState.Reachable : State;

    private void Begin(TimeSpan now)
    {
        if (_probes.Length < ManyProbes)
            Array.Resize(ref _probes, ManyProbes);
        (_mode, _step, _pending, _answered, Due, _doubted) = (Mode.Deciding, 0, 0, default, now, now);
    }

    private void Count(int length) => _answered = length == Mtu ? (_answered.Short, _answered.Long + 1) : (_answered.Short + 1, _answered.Long);

    private void Decide(TimeSpan now)
    {
        _mode = Mode.Steady;
        if (_answered == default)
        {
            (State, WorkingMtu) = (ReachState.Unreachable, null);
        }
        else if (_answered.Long == 0 && Mtu > ProbePacket.Short)
        {
            Search(now);
        }
        else
        {
            Reach(_answered.Long > 0 ? Mtu : WorkingMtu);
        }
    }

    private void Reach(int? workingMtu)
    {
        if (State is ReachState.Unreachable or ReachState.MtuLimited)
            _recent = 0;    // an outage is not a loss here and there, and is forgotten when it ends
        else
            Learn();
        (State, WorkingMtu) = (Weigh(), workingMtu);
    }

    /// <summary>What was lost after the first answer is loss; before it, it may have been an outage that ended.</summary>
    private void Learn()
    {
        var came = false;
        for (var i = 0; i < _probes.Length; i++)
        {
            var probe = _probes[(_next + i) % _probes.Length];
            if (!probe.IsUsed || probe.IsTurn || probe.SentAt < _doubted)
                continue;
            if (came)
                Remember(probe.IsLost);
            came |= !probe.IsLost;
        }
    }

    private void Search(TimeSpan now)
        => (_mode, _pending, _answered, _search, _tryingWhole, Due) = (Mode.Searching, 0, default, (ProbePacket.Short, Mtu), true, now);

    private void Halve(TimeSpan now)
    {
        if (_tryingWhole)
        {
            // Where much is lost, six long ones may have been lost by chance.
            _tryingWhole = false;
            if (_answered == default)
                (State, WorkingMtu, Due) = (ReachState.MtuLimited, State == ReachState.MtuLimited ? WorkingMtu : null, now);
            else
            {
                _mode = Mode.Steady;
                Reach(Mtu);
            }
            _answered = default;
            return;
        }
        var middle = (_search.Passes + _search.Stays) / 2;
        _search = _answered == default ? (_search.Passes, middle) : (middle, _search.Stays);
        (_answered, Due) = (default, now);
        if (_search.Stays - _search.Passes > 1)
            return;
        (_mode, WorkingMtu) = (Mode.Steady, _search.Passes);
        // All but the whole passes: most likely the hole went away during the search.
        if (_search.Stays == Mtu)
            _longAt = now;
    }
}
