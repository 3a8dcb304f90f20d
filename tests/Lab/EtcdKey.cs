namespace FlannelPS.Lab;

/// <summary>A key as etcd has it.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Value">Its value, read as UTF-8.</param>
/// <param name="Lease">Its etcd lease; 0 for none.</param>
/// <param name="CreateRevision">When it came into being.</param>
/// <param name="ModRevision">When it was written last.</param>
public sealed record EtcdKey(string Key, string Value, long Lease, long CreateRevision, long ModRevision);

/// <summary>One change in etcd's history.</summary>
/// <param name="Item">The key after it; of a deleted key only name and revision.</param>
/// <param name="IsDeleted">Whether the key went.</param>
public sealed record EtcdEvent(EtcdKey Item, bool IsDeleted);
