namespace FlannelPS.Engine.Probing;

/// <summary>How the way to a peer stands, by what came back of the probes.</summary>
public enum ReachState
{
    /// <summary>Not known yet, or not probed.</summary>
    Unknown,

    /// <summary>It answers, at full length too.</summary>
    Reachable,

    /// <summary>It answers, and a good part of the packets is lost.</summary>
    Lossy,

    /// <summary>It answers short packets and not those of the tunnel's MTU: a black hole.</summary>
    MtuLimited,

    /// <summary>Its probes arrive here, and it does not answer ours: the way there is cut.</summary>
    OneWay,

    /// <summary>Nothing comes back.</summary>
    Unreachable,
}
