using System.Diagnostics;

namespace FlannelPS.Engine.DataPath;

/// <summary>So many at once, and so many a second. Not thread-safe.</summary>
/// <param name="burst">At once.</param>
/// <param name="perSecond">In the long run.</param>
internal sealed class TokenBucket(int burst, int perSecond)
{
    private double _tokens = burst;
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Takes one, if there is one.</summary>
    public bool TryTake() => TryTake(Stopwatch.GetTimestamp());

    internal bool TryTake(long now)
    {
        _tokens = Math.Min(burst, _tokens + (double)(now - _last) / Stopwatch.Frequency * perSecond);
        _last = now;
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}
