namespace FlannelPS.Engine.DataPath;

/// <summary>Why a packet goes no further. Names are told in status and metrics.</summary>
public enum DropReason
{
    /// <summary>It is not dropped.</summary>
    None,

    /// <summary>Its sender is no peer: F70.</summary>
    UnknownPeer,

    /// <summary>It is empty, shorter than its header, or its header shorter than a header.</summary>
    Truncated,

    /// <summary>Its total length is not the length it came with.</summary>
    WrongLength,

    /// <summary>Its version is neither that of an IPv4 packet, nor one that this network carries.</summary>
    NotIPv4,

    /// <summary>It is longer than the tunnel's MTU.</summary>
    Oversized,

    /// <summary>Its header's checksum is wrong.</summary>
    WrongChecksum,

    /// <summary>Its source is not in its sender's subnet: F71.</summary>
    SpoofedSource,

    /// <summary>Its destination is not in our subnet: F71.</summary>
    ForeignDestination,

    /// <summary>Its time to live has run out.</summary>
    TimeExceeded,

    /// <summary>No peer has its destination.</summary>
    NoRoute,

    /// <summary>It does not fit the way to its peer, and must not be fragmented.</summary>
    TooBig,

    /// <summary>The kernel did not take it: full queues, a firewall, no way to the peer.</summary>
    Refused,

    /// <summary>A super-packet, or a checksum left to us, that makes no sense.</summary>
    BadOffload,
}

/// <summary>The reasons' names for status and metrics.</summary>
public static class Drops
{
    /// <summary>All but <see cref="DropReason.None"/>.</summary>
    public static IReadOnlyList<DropReason> Reasons { get; } = [.. Enum.GetValues<DropReason>().Where(reason => reason != DropReason.None)];

    /// <summary>The name as JSON and metrics have it.</summary>
    public static string NameOf(DropReason reason) => reason.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
