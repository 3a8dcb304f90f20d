namespace FlannelPS.Engine.Hosting;

/// <summary>Lets a condition be logged at once, and then at most once a minute while it lasts.</summary>
/// <remarks>Promise I7. A condition is a short fixed text, or one with the object's name; beyond 1024 of them all others share one.</remarks>
public sealed class LogThrottle(TimeProvider time)
{
    private const int MaxConditions = 1024;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, (long Logged, int Suppressed)> _conditions = [];

    /// <summary>Whether to log now.</summary>
    /// <param name="condition">What is the case.</param>
    /// <param name="suppressed">How often it was not logged since the last time.</param>
    public bool Allow(string condition, out int suppressed)
    {
        lock (_conditions)
        {
            if (_conditions.Count >= MaxConditions && !_conditions.ContainsKey(condition))
                condition = "";
            suppressed = 0;
            if (_conditions.TryGetValue(condition, out var last))
            {
                if (time.GetElapsedTime(last.Logged) < Period)
                {
                    _conditions[condition] = last with { Suppressed = last.Suppressed + 1 };
                    return false;
                }
                suppressed = last.Suppressed;
            }
            _conditions[condition] = (time.GetTimestamp(), 0);
            return true;
        }
    }

    /// <summary>The condition has ended: when it comes again, it is logged at once only if a minute has passed.</summary>
    public void Forget(string condition)
    {
        lock (_conditions)
        {
            if (_conditions.TryGetValue(condition, out var last) && time.GetElapsedTime(last.Logged) >= Period)
                _conditions.Remove(condition);
        }
    }
}
