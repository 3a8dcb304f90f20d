namespace FlannelPS.Engine.Etcd;

/// <summary>One key with its value and history.</summary>
/// <param name="Key">The key as text (UTF-8; bytes that are none become U+FFFD).</param>
/// <param name="Value">The value's bytes.</param>
/// <param name="CreateRevision">Store revision at which the key came into being.</param>
/// <param name="ModRevision">Store revision of its last change; larger is newer.</param>
/// <param name="LeaseId">The etcd lease the key dies with; 0 for a key that stays.</param>
public sealed record StoreKey(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, long LeaseId);

/// <summary>A half-open range of keys, as etcd has it.</summary>
/// <param name="Key">The first key.</param>
/// <param name="End">The first key behind the range; null for the one key alone.</param>
public readonly record struct KeyRange(string Key, string? End)
{
    /// <summary>Exactly one key.</summary>
    public static KeyRange One(string key) => new(key, null);

    /// <summary>All keys that begin with an ASCII prefix. The prefix must not be empty, nor end in U+007F.</summary>
    public static KeyRange Prefix(string prefix) => new(prefix, prefix[..^1] + (char)(prefix[^1] + 1));
}

/// <summary>What a range read gives.</summary>
/// <param name="Keys">The keys in order.</param>
/// <param name="Revision">The store's revision of this answer.</param>
/// <param name="ClusterId">The cluster that answered; another one means another history. 0 where the store has none.</param>
public sealed record RangeResult(IReadOnlyList<StoreKey> Keys, long Revision, ulong ClusterId);

/// <summary>A guard on a key or a range. On a range it must hold for every key in it; a key that is not there has revision 0.</summary>
/// <param name="Range">Which keys.</param>
/// <param name="Target">What is compared.</param>
/// <param name="Operator">How.</param>
/// <param name="Revision">With what.</param>
public sealed record StoreCompare(KeyRange Range, CompareTarget Target, CompareOperator Operator, long Revision)
{
    /// <summary>The key does not exist.</summary>
    public static StoreCompare Absent(string key) => new(KeyRange.One(key), CompareTarget.CreateRevision, CompareOperator.Equal, 0);

    /// <summary>The key is as it was at this mod revision.</summary>
    public static StoreCompare Unchanged(string key, long modRevision) => new(KeyRange.One(key), CompareTarget.ModRevision, CompareOperator.Equal, modRevision);

    /// <summary>No key of the range came into being after a revision.</summary>
    public static StoreCompare NoneCreatedAfter(KeyRange range, long revision) => new(range, CompareTarget.CreateRevision, CompareOperator.Less, revision + 1);
}

/// <summary>What a guard looks at.</summary>
public enum CompareTarget
{
    /// <summary>The revision the key was created at.</summary>
    CreateRevision,

    /// <summary>The revision of its last change.</summary>
    ModRevision,
}

/// <summary>How a guard compares.</summary>
public enum CompareOperator
{
    /// <summary>The key's number equals the guard's.</summary>
    Equal,

    /// <summary>The key's number is less than the guard's.</summary>
    Less,
}

/// <summary>A write inside a transaction.</summary>
public abstract record StoreOperation
{
    /// <summary>Puts a key, bound to an etcd lease unless that is 0.</summary>
    public sealed record Put(string Key, ReadOnlyMemory<byte> Value, long LeaseId) : StoreOperation;

    /// <summary>Deletes a key.</summary>
    public sealed record Delete(string Key) : StoreOperation;
}

/// <summary>Guards, and what is done when all of them hold; if one does not, nothing is done.</summary>
/// <param name="Guards">All must hold.</param>
/// <param name="Success">Done in order, at one revision.</param>
public sealed record StoreTxn(IReadOnlyList<StoreCompare> Guards, IReadOnlyList<StoreOperation> Success);

/// <summary>What became of a transaction.</summary>
/// <param name="Succeeded">Whether the guards held.</param>
/// <param name="Revision">The store's revision after it.</param>
public sealed record TxnResult(bool Succeeded, long Revision);

/// <summary>One change of one key.</summary>
public abstract record StoreEvent(string Key, long ModRevision)
{
    /// <summary>The key was written.</summary>
    public sealed record Put(StoreKey Item) : StoreEvent(Item.Key, Item.ModRevision);

    /// <summary>The key was deleted, or died with its etcd lease.</summary>
    public sealed record Deleted(string Key, long ModRevision) : StoreEvent(Key, ModRevision);
}

/// <summary>What a watch tells at once.</summary>
/// <param name="Events">In order of revision; empty for a progress notification.</param>
/// <param name="NextRevision">Where to watch on after this batch: last event's revision + 1, or the progress revision + 1.</param>
public sealed record WatchBatch(IReadOnlyList<StoreEvent> Events, long NextRevision);

/// <summary>An etcd lease: a time to live that keys are bound to. Not to be confused with a flannel lease, which is such a key.</summary>
/// <param name="Id">Its id; never 0.</param>
/// <param name="TtlSeconds">Seconds left; -1 when it is gone.</param>
/// <param name="GrantedTtlSeconds">Seconds it was granted for.</param>
public sealed record EtcdLease(long Id, long TtlSeconds, long GrantedTtlSeconds);

/// <summary>How one endpoint answered.</summary>
/// <param name="Endpoint">Its address, without user or password.</param>
/// <param name="Version">Server version; null when it did not answer.</param>
/// <param name="IsLeader">Whether it leads.</param>
/// <param name="HasLeader">Whether it knows a leader.</param>
/// <param name="Error">Why it did not answer; null when it did.</param>
public sealed record EndpointStatus(string Endpoint, string? Version, bool IsLeader, bool HasLeader, string? Error)
{
    /// <summary>The member that answered: two endpoints may be one; 0 for none.</summary>
    public ulong Member { get; init; }

    /// <summary>How far its clock is ahead of this host's, to a second; null where it does not tell.</summary>
    public TimeSpan? ClockOffset { get; init; }
}
