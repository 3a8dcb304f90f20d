namespace FlannelPS;

/// <summary>What a check is about.</summary>
[Flags]
public enum FlannelCheckScope
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>This host and its store, whether a node runs or not: Test-FlannelHost.</summary>
    Host = 1,

    /// <summary>A node that runs: Test-FlannelNode.</summary>
    Node = 2,

    /// <summary>The way to other hosts, tried with packets: Test-FlannelConnectivity.</summary>
    Connectivity = 4,
}
