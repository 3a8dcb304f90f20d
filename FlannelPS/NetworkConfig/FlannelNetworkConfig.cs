using System.Net;
using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>A network's configuration: what subnets are given from, and by which backend they reach each other. It keeps what else stands in its JSON.</summary>
public sealed class FlannelNetworkConfig
{
    private readonly NetworkConfig _config;

    private FlannelNetworkConfig(ReadOnlyMemory<byte> text, NetworkConfig config, StoredConfig? stored, string? key)
    {
        (Text, _config, Origin, Key, Revision) = (NetworkConfigText.Write(text), config, stored?.Origin, key, stored?.Revision);
        Backend = FlannelBackend.Of(config);
    }

    /// <summary>The overlay's IPv4 network.</summary>
    public IPNetwork Network => _config.IPv4.Network;

    /// <summary>Prefix length of one node's subnet, bits.</summary>
    public int SubnetLength => _config.IPv4.SubnetLength;

    /// <summary>Address of the first subnet that is given.</summary>
    public IPAddress SubnetMin => _config.IPv4.Minimum;

    /// <summary>Address of the last one, inclusive.</summary>
    public IPAddress SubnetMax => _config.IPv4.Maximum;

    /// <summary>Whether the overlay has IPv4: always, as etcd's keys cannot do without.</summary>
    public bool EnableIPv4 { get; } = true;

    /// <summary>Whether the overlay has IPv6 beside it.</summary>
    public bool EnableIPv6 => _config.IPv6 is not null;

    /// <summary>The overlay's IPv6 network; null without IPv6.</summary>
    public IPNetwork? IPv6Network => _config.IPv6?.Network;

    /// <summary>Prefix length of one node's IPv6 subnet, bits.</summary>
    public int? IPv6SubnetLength => _config.IPv6?.SubnetLength;

    /// <summary>Address of the first IPv6 subnet that is given.</summary>
    public IPAddress? IPv6SubnetMin => _config.IPv6?.Minimum;

    /// <summary>Address of the last one, inclusive.</summary>
    public IPAddress? IPv6SubnetMax => _config.IPv6?.Maximum;

    /// <summary>Whether nftables is asked for, or iptables; null where neither is said.</summary>
    public bool? EnableNFTables => _config.EnableNFTables;

    /// <summary>The backend with its options.</summary>
    public FlannelBackend Backend { get; }

    /// <summary>The backend's name.</summary>
    public string BackendType => Backend.Type;

    /// <summary>How many nodes can have a subnet.</summary>
    public long MaximumNodes
        => (long)UInt128.Min(long.MaxValue, _config.IPv6 is { } v6 ? UInt128.Min(_config.IPv4.Count, v6.Count) : _config.IPv4.Count);

    /// <summary>Store revision it was read at; null where it is not from a store.</summary>
    public long? Revision { get; }

    /// <summary>Its key in the store; null where it is not from a store.</summary>
    public string? Key { get; }

    /// <summary>Its JSON, as it is written to a store. A text like this is taken for a configuration, too.</summary>
    public string Json => Encoding.UTF8.GetString(Text.Span);

    /// <summary>The same as bytes.</summary>
    internal ReadOnlyMemory<byte> Text { get; }

    /// <summary>Which store it was read from.</summary>
    internal string? Origin { get; }

    /// <summary>Reads the JSON of a configuration.</summary>
    /// <exception cref="FlannelException">It is none.</exception>
    public static FlannelNetworkConfig Parse(string text)
    {
        try
        {
            return Read(Encoding.UTF8.GetBytes(text));
        }
        catch (NetworkConfigException e)
        {
            throw FlannelError.NetworkConfigInvalid.Exception($"The text is no usable network configuration: {e.Message}.", e);
        }
    }

    /// <summary>Its network and backend.</summary>
    public override string ToString() => $"{Network}{(IPv6Network is { } v6 ? $",{v6}" : "")} {BackendType}";

    /// <summary>Reads it.</summary>
    /// <exception cref="NetworkConfigException">It is not usable.</exception>
    internal static FlannelNetworkConfig Read(ReadOnlyMemory<byte> json, StoredConfig? stored = null, string? key = null)
        => new(json, NetworkConfigReader.Read(json, stored?.Revision ?? 0), stored, key);

    /// <summary>Why a node with this lease could not go on under it; null where it can.</summary>
    internal string? Misfit(Lease lease) => Engine.Backends.NetworkConfigChange.Misfit(lease, _config);

    /// <summary>Whether a lease could have been given under it.</summary>
    internal bool Holds(Lease lease) => _config.Holds(lease.Subnet);

    /// <summary>Why it cannot stand in place of what is in a store now; null where it can.</summary>
    internal string? Refusal(StoredConfig present, LeasesAt leases) => Engine.Backends.NetworkConfigChange.Refusal(present.Json, _config, leases.Leases);
}
