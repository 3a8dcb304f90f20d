namespace FlannelPS.Checks;

/// <summary>What was measured on the way to another host.</summary>
internal sealed record PeerTrial
{
    /// <summary>Echo requests through the tunnel.</summary>
    public int Sent { get; init; }

    /// <summary>How many were answered.</summary>
    public int Received { get; init; }

    /// <summary>The quickest.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>What the kernel or somebody on the way said; empty for silence.</summary>
    public string Problem { get; init; } = "";

    /// <summary>The longest packet that came through, bytes; null where it was not tried.</summary>
    public int? WorkingMtu { get; init; }

    /// <summary>Whether the host answered on the underlay.</summary>
    public bool? IsUnderlayReachable { get; init; }

    /// <summary>The quickest there.</summary>
    public TimeSpan? UnderlayTime { get; init; }

    /// <summary>What was said there.</summary>
    public string UnderlayProblem { get; init; } = "";

    /// <summary>What came back from the tunnel's port; empty for silence, which is also what an open one gives.</summary>
    public string PortProblem { get; init; } = "";
}
