using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>What a store answered.</summary>
internal sealed record StoreFacts
{
    /// <summary>How it is called, without secrets.</summary>
    public string Description { get; init; } = "";

    /// <summary>The network's place in it.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Why it could not be read; null when it could.</summary>
    public StoreException? Error { get; init; }

    /// <summary>The same by class.</summary>
    public StoreFailure? Failure => Error?.Failure;

    /// <summary>What to do about it.</summary>
    public string Action { get; init; } = "";

    /// <summary>How long the read took.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How each endpoint answered.</summary>
    public IReadOnlyList<EndpointStatus> Endpoints { get; init; } = [];

    /// <summary>Whether the endpoints are flannel's defaults, of which one is enough.</summary>
    public bool AreEndpointsSupposed { get; init; }

    /// <summary>Whether it takes writes; null where that was not to be told.</summary>
    public bool? TakesWrites { get; init; }

    /// <summary>Why not.</summary>
    public string WriteProblem { get; init; } = "";

    /// <summary>The configuration's key.</summary>
    public string ConfigKey { get; init; } = "";

    /// <summary>Rule by rule what is to be said of the configuration; empty where there is none.</summary>
    public IReadOnlyList<RuleVerdict> ConfigVerdicts { get; init; } = [];

    /// <summary>The configuration; null where there is none, or none that can be used.</summary>
    public NetworkConfig? Config { get; init; }

    /// <summary>Its backend's UDP port; 0 for none.</summary>
    public int Port { get; init; }

    /// <summary>The leases.</summary>
    public IReadOnlyList<Lease> Leases { get; init; } = [];

    /// <summary>How long a lease lives; null where none was there to ask.</summary>
    public TimeSpan? LeaseTtl { get; init; }

    /// <summary>What running nodes claim; null where that may not be read.</summary>
    public IReadOnlyList<ClaimFacts>? Claims { get; init; }

    /// <summary>Keys that are no leases.</summary>
    public IReadOnlyList<InvalidLease> Junk { get; init; } = [];

    /// <summary>This host's subnet of before, from its subnet file; null for none.</summary>
    public System.Net.IPNetwork? OwnSubnet { get; init; }

    /// <summary>The network, as far as the configuration tells.</summary>
    public NetworkFacts? Network
        => Config is null ? null : new(Config.IPv4.Network, Config.IPv6?.Network, OwnSubnet, Config.BackendType, Port, [], "")
        {
            SubnetLength = Config.IPv4.SubnetLength,
            IPv6SubnetLength = Config.IPv6?.SubnetLength,
        };
}

/// <summary>What a running node says of itself in the store, or the mark of one that was refused for its identity.</summary>
/// <param name="Identity">The identity.</param>
/// <param name="Host">The host's name.</param>
/// <param name="Subnet">The subnet it holds; empty for none.</param>
/// <param name="IsMark">Whether it is the mark of a second machine with the identity.</param>
internal sealed record ClaimFacts(string Identity, string Host, string Subnet, bool IsMark);
