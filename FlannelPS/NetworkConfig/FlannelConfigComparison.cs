namespace FlannelPS;

/// <summary>What a network configuration is compared with.</summary>
public enum FlannelConfigComparison
{
    /// <summary>What stands in the store: whether it can take its place.</summary>
    Store,

    /// <summary>The leases: whether their nodes can go on under it.</summary>
    Leases,
}
