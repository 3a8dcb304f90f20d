using System.Net;

namespace FlannelPS.Engine.Probing;

/// <summary>What the probes say of one peer, at one moment.</summary>
/// <param name="state">One word.</param>
/// <param name="reason">What was seen, one line; empty for what is well or not known.</param>
/// <param name="address">What is asked.</param>
public sealed class PeerReach(ReachState state, string reason, IPAddress address)
{
    /// <summary>One word.</summary>
    public ReachState State { get; } = state;

    /// <summary>What was seen, one line; empty for what is well or not known.</summary>
    public string Reason { get; } = reason;

    /// <summary>What is asked.</summary>
    public IPAddress Address { get; } = address;

    /// <summary>There and back, the median of the last answers; null before the first.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Which part was lost in the last minute, 0 to 1; null before the first probe.</summary>
    public double? LossMinute { get; init; }

    /// <summary>The same for the last hour.</summary>
    public double? LossHour { get; init; }

    /// <summary>The longest packet that came through without being cut, bytes; null while that is not known.</summary>
    public int? WorkingMtu { get; init; }

    /// <summary>When the last answer came; null for never.</summary>
    public DateTimeOffset? LastAnswer { get; init; }

    /// <summary>When a probe of the peer's own came in last; null for never.</summary>
    public DateTimeOffset? LastHeard { get; init; }

    /// <summary>The peer's host name, as its probes say; empty where it sends none.</summary>
    public string HostName { get; init; } = "";

    /// <summary>The peer's version of FlannelPS, as its probes say; empty where it sends none.</summary>
    public string Version { get; init; } = "";
}
