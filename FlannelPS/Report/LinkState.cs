namespace FlannelPS.Report;

/// <summary>How one host has another: the words of <see cref="FlannelPeer.State"/>, and what is no word there. The graver, the later.</summary>
internal enum LinkState
{
    /// <summary>The host itself.</summary>
    Self,

    /// <summary>It answers.</summary>
    Reachable,

    /// <summary>It stands in the kernel; there are no probes, or they have not decided yet.</summary>
    Programmed,

    /// <summary>A word that this version does not know.</summary>
    Unknown,

    /// <summary>The host that was asked has no such peer.</summary>
    Absent,

    /// <summary>Packets are lost.</summary>
    Lossy,

    /// <summary>Long packets do not pass.</summary>
    MtuLimited,

    /// <summary>Its probes arrive, ours do not.</summary>
    OneWay,

    /// <summary>Nothing comes back.</summary>
    Unreachable,

    /// <summary>Its lease is not believed.</summary>
    Refused,

    /// <summary>The kernel does not have it.</summary>
    Failed,
}

/// <summary>What the words mean to a reader.</summary>
internal static class LinkStates
{
    /// <summary>Those that a peer can be in, best first.</summary>
    public static IReadOnlyList<LinkState> OfPeers { get; } =
        [LinkState.Reachable, LinkState.Programmed, LinkState.Unknown, LinkState.Absent, LinkState.Lossy, LinkState.MtuLimited, LinkState.OneWay, LinkState.Unreachable, LinkState.Refused, LinkState.Failed];

    /// <summary>A word as a peer has it.</summary>
    public static LinkState Parse(string word)
        => word switch
        {
            nameof(LinkState.Reachable) => LinkState.Reachable,
            nameof(LinkState.Programmed) => LinkState.Programmed,
            nameof(LinkState.Lossy) => LinkState.Lossy,
            nameof(LinkState.MtuLimited) => LinkState.MtuLimited,
            nameof(LinkState.OneWay) => LinkState.OneWay,
            nameof(LinkState.Unreachable) => LinkState.Unreachable,
            nameof(LinkState.Refused) => LinkState.Refused,
            nameof(LinkState.Failed) => LinkState.Failed,
            _ => LinkState.Unknown,
        };

    /// <summary>Whether somebody should look at it.</summary>
    public static bool IsTrouble(this LinkState state) => state >= LinkState.Absent;

    /// <summary>Whether the probes have come to a verdict.</summary>
    public static bool IsDecided(this LinkState state) => state is LinkState.Reachable or LinkState.Lossy or LinkState.MtuLimited or LinkState.OneWay or LinkState.Unreachable;

    /// <summary>For a sentence: <c>3 reachable</c>.</summary>
    public static string Words(this LinkState state)
        => state switch
        {
            LinkState.Self => "itself",
            LinkState.Reachable => "reachable",
            LinkState.Programmed => "reach unknown",
            LinkState.Absent => "not known there",
            LinkState.Lossy => "lossy",
            LinkState.MtuLimited => "MTU limited",
            LinkState.OneWay => "one way",
            LinkState.Unreachable => "unreachable",
            LinkState.Refused => "refused",
            LinkState.Failed => "failed",
            _ => "in another state",
        };
}
