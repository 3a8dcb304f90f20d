namespace FlannelPS;

/// <summary>How one endpoint of a store answered.</summary>
/// <param name="Endpoint">Its address, without user or password.</param>
/// <param name="Healthy">Whether it answered, knows a leader, and the store lets this user read.</param>
/// <param name="IsLeader">Whether it leads.</param>
/// <param name="Version">The server's version; null when it did not answer.</param>
/// <param name="Problem">Why it is not healthy; empty when it is.</param>
public sealed record FlannelStoreStatus(string Endpoint, bool Healthy, bool IsLeader, string? Version, string Problem);
