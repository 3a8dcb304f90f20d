namespace FlannelPS.Engine.Probing;

/// <summary>How many probes were sent and lost in the last minute and hour.</summary>
/// <remarks>A ring of minutes for the hour, and one of five seconds for the minute: a window moves in such steps. Small, because there is one for each of thousands of peers.</remarks>
internal sealed class LossWindow
{
    private readonly Ring _hour = new(60, TimeSpan.FromMinutes(1));
    private readonly Ring _minute = new(12, TimeSpan.FromSeconds(5));

    /// <summary>Which part was lost in the last minute; null for no probe.</summary>
    /// <param name="now">Since any fixed moment, here as in all of this.</param>
    public double? Minute(TimeSpan now) => _minute.Ratio(now);

    /// <summary>Which part was lost in the last hour; null for no probe.</summary>
    public double? Hour(TimeSpan now) => _hour.Ratio(now);

    /// <summary>Takes in what became of a probe.</summary>
    /// <param name="at">When it was sent.</param>
    /// <param name="lost">Whether no answer came.</param>
    public void Add(TimeSpan at, bool lost)
    {
        _minute.Add(at, lost);
        _hour.Add(at, lost);
    }

    /// <summary>What had counted as lost was answered late.</summary>
    public void Recover(TimeSpan at)
    {
        _minute.Recover(at);
        _hour.Recover(at);
    }

    /// <summary>Counts of the last steps; those that have passed are cleared when the next comes.</summary>
    private sealed class Ring(int steps, TimeSpan step)
    {
        private readonly byte[] _sent = new byte[steps];
        private readonly byte[] _lost = new byte[steps];
        private long _turn = -1;

        public void Add(TimeSpan at, bool lost)
        {
            var turn = Advance(at);
            if (_turn - turn >= steps)
                return;
            ref var sent = ref _sent[turn % steps];
            if (sent == byte.MaxValue)
                return;
            sent++;
            _lost[turn % steps] += (byte)(lost ? 1 : 0);
        }

        public void Recover(TimeSpan at)
        {
            var turn = at.Ticks / step.Ticks;
            if (turn <= _turn && _turn - turn < steps && _lost[turn % steps] > 0)
                _lost[turn % steps]--;
        }

        public double? Ratio(TimeSpan now)
        {
            Advance(now);
            var (sent, lost) = (0, 0);
            for (var i = 0; i < steps; i++)
                (sent, lost) = (sent + _sent[i], lost + _lost[i]);
            return sent == 0 ? null : (double)lost / sent;
        }

        private long Advance(TimeSpan at)
        {
            var turn = at.Ticks / step.Ticks;
            for (var passed = Math.Max(_turn + 1, turn - steps + 1); passed <= turn; passed++)
                (_sent[passed % steps], _lost[passed % steps]) = (0, 0);
            _turn = Math.Max(_turn, turn);
            return turn;
        }
    }
}
