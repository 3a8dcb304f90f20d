namespace FlannelPS.Engine.Leases;

/// <summary>So many lines a minute for one kind of condition; who floods the store shall not flood the log (I7).</summary>
/// <param name="time">The clock.</param>
/// <param name="perMinute">How many.</param>
internal sealed class LogBudget(TimeProvider time, int perMinute)
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private long _began;
    private int _told;
    private int _suppressed;

    /// <summary>Whether to log now.</summary>
    /// <param name="suppressed">How many were not logged since the last one that was; told with the first of a new minute.</param>
    public bool Allow(out int suppressed)
    {
        suppressed = 0;
        if (_told == 0 || time.GetElapsedTime(_began) >= Period)
        {
            (_began, _told) = (time.GetTimestamp(), 0);
            (suppressed, _suppressed) = (_suppressed, 0);
        }
        if (_told < perMinute)
        {
            _told++;
            return true;
        }
        _suppressed++;
        return false;
    }
}
