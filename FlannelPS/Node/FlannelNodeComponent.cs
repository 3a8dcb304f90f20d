namespace FlannelPS;

/// <summary>What of a node Repair-FlannelNode looks at.</summary>
public enum FlannelNodeComponent
{
    /// <summary>The own lease in the store.</summary>
    Lease,

    /// <summary>Devices, addresses, neighbours, forwarding entries, routes and nexthops: they stand and fall together.</summary>
    Kernel,

    /// <summary>The subnet file.</summary>
    SubnetFile,
}
