namespace FlannelPS.Engine.Etcd;

/// <summary>Why a store call failed, as far as an operator can act on it.</summary>
public enum StoreFailure
{
    /// <summary>No endpoint could be reached, or none answered in time.</summary>
    Unreachable,

    /// <summary>The member that answered has no leader: no quorum, or it is cut off.</summary>
    NoLeader,

    /// <summary>The server's certificate is not trusted, or does not fit its name, or ours was refused.</summary>
    Tls,

    /// <summary>User or password was refused, or the token could not be renewed.</summary>
    Authentication,

    /// <summary>The user may not do this.</summary>
    PermissionDenied,

    /// <summary>The store takes no writes (etcd's no-space alarm).</summary>
    ReadOnly,

    /// <summary>The store refused the request, or answered what it should not.</summary>
    Protocol,
}

/// <summary>A store call failed. The message names operation, endpoint and reason, and what to do; never a secret.</summary>
/// <param name="failure">The class of failure.</param>
/// <param name="message">One line.</param>
/// <param name="inner">What was caught.</param>
public class StoreException(StoreFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The class of failure.</summary>
    public StoreFailure Failure { get; } = failure;

    /// <summary>True when a write may have been applied all the same: read the key again before deciding.</summary>
    public bool Ambiguous { get; init; }
}

/// <summary>The revision asked for was compacted away: list again.</summary>
/// <param name="compactRevision">The oldest revision the store still has.</param>
/// <param name="message">Where the history is gone for another reason: one line that says so.</param>
public sealed class StoreCompactedException(long compactRevision, string? message = null)
    : StoreException(StoreFailure.Protocol, message ?? $"The store has compacted its history up to revision {compactRevision}.")
{
    /// <summary>The oldest revision the store still has.</summary>
    public long CompactRevision { get; } = compactRevision;
}
