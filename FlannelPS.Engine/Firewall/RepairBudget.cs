namespace FlannelPS.Engine.Firewall;

/// <summary>How often rules are put back at once. Who undoes them for ever gets them back once a second, and is told of; who reloads a firewall a hundred times never notices.</summary>
/// <param name="time">The clock.</param>
internal sealed class RepairBudget(TimeProvider time)
{
    private const int Burst = 200;
    private const double PerSecond = 1;
    private double _left = Burst;
    private long _last = time.GetTimestamp();

    /// <summary>Least distance of two rounds that somebody else's changes ask for.</summary>
    public TimeSpan Spacing => IsExhausted ? TimeSpan.FromSeconds(1 / PerSecond) : TimeSpan.FromMilliseconds(50);

    /// <summary>Whether somebody keeps undoing our rules.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Rules were put back.</summary>
    public void Take()
    {
        Refill();
        _left = Math.Max(0, _left - 1);
        IsExhausted = _left < 1;
    }

    /// <summary>Rules stood as they should.</summary>
    public void Rest()
    {
        Refill();
        IsExhausted &= _left < Burst / 20;
    }

    private void Refill()
    {
        _left = Math.Min(Burst, _left + time.GetElapsedTime(_last).TotalSeconds * PerSecond);
        _last = time.GetTimestamp();
    }
}
