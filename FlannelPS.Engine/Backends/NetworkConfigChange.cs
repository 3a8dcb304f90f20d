using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Backends;

/// <summary>Whether a configuration can be put in place of another one while nodes hold leases. Flannel cannot change network or backend at run time.</summary>
internal static class NetworkConfigChange
{
    /// <summary>Why not; null where it can.</summary>
    /// <param name="present">The text that stands there; null for none.</param>
    /// <param name="next">What is to stand there; null for nothing.</param>
    /// <param name="leases">The leases there are.</param>
    public static string? Refusal(ReadOnlyMemory<byte>? present, NetworkConfig? next, IReadOnlyList<Lease> leases)
    {
        if (leases.Count == 0)
            return null;
        var held = leases.Count == 1 ? $"the lease {leases[0].Subnet} is held" : $"{leases.Count} leases are held ({leases[0].Subnet}, ...)";
        if (next is null)
            return $"{held}, and a node that starts again would find no configuration";
        if (TryRead(present) is { } config)
            return What(config, next) is { } change ? $"{held}, and {change}" : null;
        // Nothing readable to compare with: then the leases themselves tell under what the nodes run.
        return leases.Select(lease => Misfit(lease, next)).OfType<string>().FirstOrDefault() is { } misfit ? $"{held}, and {misfit}" : null;
    }

    /// <summary>Why a node with this lease could not go on under a configuration; null where it can. A lease of another size is not told here: a node exchanges it at its next start.</summary>
    public static string? Misfit(Lease lease, NetworkConfig config)
    {
        if (!AddressNumber.Contains(config.IPv4.Network, lease.Subnet.IPv4))
            return $"the lease {lease.Subnet.IPv4} is not inside {config.IPv4.Network}";
        if (config.IPv6 is { } v6 && lease.Subnet.IPv6 is { } subnet && !AddressNumber.Contains(v6.Network, subnet))
            return $"the lease {subnet} is not inside {v6.Network}";
        return lease.Attributes.BackendType == OriginalBackends.LeaseType(config.BackendType) ? null
            : $"the lease {lease.Subnet} is of backend {(lease.Attributes.BackendType.Length == 0 ? "udp or alloc" : lease.Attributes.BackendType)}, not {config.BackendType}";
    }

    private static string? What(NetworkConfig present, NetworkConfig next)
    {
        if (!present.IPv4.Network.Equals(next.IPv4.Network))
            return $"Network would change from {present.IPv4.Network} to {next.IPv4.Network}";
        if (!Equals(present.IPv6?.Network, next.IPv6?.Network))
            return $"IPv6Network would change from {present.IPv6?.Network.ToString() ?? "none"} to {next.IPv6?.Network.ToString() ?? "none"}";
        if (present.BackendType != next.BackendType)
            return $"Backend would change from {present.BackendType} to {next.BackendType}";
        return NetworkConfigText.SayTheSame(present, next) ? null : $"the options of backend {next.BackendType} would change";
    }

    private static NetworkConfig? TryRead(ReadOnlyMemory<byte>? json)
    {
        try
        {
            return json is { } text ? NetworkConfigReader.Read(text) : null;
        }
        catch (NetworkConfigException)
        {
            return null;
        }
    }
}
