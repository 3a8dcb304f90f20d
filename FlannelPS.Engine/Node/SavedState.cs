using System.Net.Sockets;
using System.Text.Json.Serialization;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Node;

/// <summary>The lease an instance held last, enough to know its own key again.</summary>
/// <param name="Key">The key in the store.</param>
/// <param name="EtcdLeaseId">The etcd lease it was bound to; 0 for a reservation.</param>
/// <param name="ModRevision">Its mod revision when last written by us.</param>
/// <param name="Value">Its value as text.</param>
/// <param name="Life">How long it lives from when on; null where that is not known, as for a reservation, which does not end.</param>
public sealed record SavedLease(string Key, long EtcdLeaseId, long ModRevision, string Value, SavedLife? Life = null);

/// <summary>A span of time that can be judged after a restart: by the clock of the same boot, else by the wall clock.</summary>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="Since">When it began, by the wall clock.</param>
/// <param name="BootId">The boot it began in.</param>
/// <param name="BootSeconds">When it began, seconds since that boot.</param>
public sealed record SavedLife(long Seconds, DateTimeOffset Since, Guid BootId, long BootSeconds)
{
    /// <summary>How old it is; null where the clocks contradict each other.</summary>
    public TimeSpan? Age(DateTimeOffset now, Guid boot, TimeSpan sinceBoot)
        => boot == BootId ? sinceBoot - TimeSpan.FromSeconds(BootSeconds)
            : now - Since is var age && age >= TimeSpan.Zero ? age
            : null;
}

/// <summary>The network as it was last seen, enough to be a part of it before the store answers (F03).</summary>
/// <param name="Config">The configuration as it stood in the store.</param>
/// <param name="Seen">When the store was last heard.</param>
/// <param name="Leases">All leases, ours among them.</param>
internal sealed record SavedNetwork(string Config, DateTimeOffset Seen, SavedPeer[] Leases)
{
    /// <summary>A lease has a few hundred bytes; with this most, and <see cref="LeaseTable.Maximum"/> of them, the file stays below its limit.</summary>
    private const int LongestValue = 768;

    public static SavedNetwork Of(string config, DateTimeOffset seen, LeaseTable table)
        => new(config, seen, [.. table.Leases.Values
            .Select(lease => new SavedPeer(lease.Key, System.Text.Encoding.UTF8.GetString(LeaseValue.Write(lease.Attributes)), lease.EtcdLeaseId, lease.CreateRevision, lease.ModRevision))
            .Where(lease => lease.Value.Length <= LongestValue)]);

    /// <summary>The leases, read as strictly as from the store.</summary>
    public LeaseTable ToTable(StoreKeys keys)
        => LeaseTable.Of(keys.SubnetPrefix, [.. (Leases ?? [])
            .Where(lease => lease is { Key: not null, Value: not null } && lease.Key.StartsWith(keys.SubnetPrefix, StringComparison.Ordinal))
            .Select(lease => new Etcd.StoreKey(lease.Key, System.Text.Encoding.UTF8.GetBytes(lease.Value), lease.Created, lease.Modified, lease.EtcdLease))],
            LeaseTable.Maximum) with { IsSaved = true };
}

/// <summary>One lease of the network.</summary>
/// <param name="Key">The key in the store.</param>
/// <param name="Value">Its value as text.</param>
/// <param name="EtcdLease">What it lived by; 0 for a reservation.</param>
/// <param name="Created">Its create revision.</param>
/// <param name="Modified">Its mod revision.</param>
internal sealed record SavedPeer(string Key, string Value, long EtcdLease, long Created, long Modified);

/// <summary>One run of the daemon.</summary>
/// <param name="Nonce">What told this run from any other in the store.</param>
/// <param name="BootId">The boot it belonged to: in another one the kernel's objects are gone.</param>
/// <param name="Place">The network namespace it ran in: another container, or another host of a lab, has the same boot.</param>
/// <param name="Before">Nonces of the runs before it in this boot and place, the last first: one that was killed before it claimed leaves the claim of an earlier one standing.</param>
public sealed record SavedRun(string Nonce, Guid BootId, string? Place = null, IReadOnlyList<string>? Before = null)
{
    /// <summary>How many are remembered: a claim outlives its instance by a minute, and a unit is restarted every 5 s at the most.</summary>
    private const int Remembered = 16;

    /// <summary>The run after this one, with what is worth remembering of this.</summary>
    public SavedRun Next(string nonce, Guid bootId, string place)
        => new(nonce, bootId, place, BootId == bootId && Place == place ? [Nonce, .. (Before ?? []).Take(Remembered - 1)] : []);
}

/// <summary>What an instance put into the host, so that it can be taken out again.</summary>
/// <param name="Network">The overlay's IPv4 network.</param>
/// <param name="SubnetLength">Prefix length of a node's subnet.</param>
/// <param name="IPv6Network">The overlay's IPv6 network; null for none.</param>
/// <param name="IPv6SubnetLength">Prefix length of a node's IPv6 subnet; 0 for none.</param>
/// <param name="Devices">Names of the tunnel devices.</param>
/// <param name="Interface">Name of the interface inter-host traffic took.</param>
/// <param name="SubnetFile">Full path.</param>
/// <param name="Subnet">The key text of its subnet.</param>
/// <param name="Place">The network namespace it is in.</param>
public sealed record SavedFootprint(
    string Network, int SubnetLength, string? IPv6Network, int IPv6SubnetLength, string[] Devices, string Interface, string SubnetFile, string Subnet, string? Place = null)
{
    /// <summary>Nothing yet.</summary>
    public static SavedFootprint None { get; } = new("", 0, null, 0, [], "", "", "");

    /// <summary>What it put into the firewall; null when it was written by a version without one.</summary>
    public Firewall.SavedFirewall? Firewall { get; init; }
}

/// <summary>The UDP tunnel as it was last, enough to carry on before the store answers.</summary>
/// <param name="Device">Name of the TUN device.</param>
/// <param name="Local">Address of the socket.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Mtu">Longest packet, bytes.</param>
/// <param name="Own">Our subnet.</param>
/// <param name="Routes">The peers': subnet, blank, host.</param>
/// <param name="OwnV6">Our IPv6 subnet; null where the tunnel carries none.</param>
internal sealed record SavedTunnel(string Device, string Local, ushort Port, int Mtu, string Own, string[] Routes, string? OwnV6 = null)
{
    public static SavedTunnel Of(TunnelSeed seed)
        => new(seed.Device, seed.Local.ToString(), seed.Port, seed.Mtu, seed.Own.ToString(), [.. seed.Routes.Select(route => $"{route.Subnet} {route.Host}")], seed.OwnV6?.ToString());

    /// <summary>Null where something in it cannot be.</summary>
    public TunnelSeed? ToSeed()
    {
        var routes = new List<TunnelRoute>(Routes?.Length ?? 0);
        foreach (var text in Routes ?? [])
            if (text?.Split(' ') is [var subnet, var host] && AddressText.TryParseIPv4(host, out var address)
                && (AddressText.TryParseCidr(subnet, AddressFamily.InterNetwork, out var network) || AddressText.TryParseCidr(subnet, AddressFamily.InterNetworkV6, out network)))
                routes.Add(new(network, address));
        return Kernel.InterfaceName.IsValid(Device) && AddressText.TryParseIPv4(Local ?? "", out var local) && Port != 0 && Mtu is >= 68 and <= 65535
            && AddressText.TryParseCidr(Own ?? "", AddressFamily.InterNetwork, out var own)
            ? new(Device, local, Port, Mtu, own, AddressText.TryParseCidr(OwnV6 ?? "", AddressFamily.InterNetworkV6, out var ownV6) ? ownV6 : null, routes)
            : null;
    }
}

/// <summary>Who this instance is, whatever its addresses.</summary>
/// <param name="Identity">128 random bits, 32 lower-case hex digits.</param>
internal sealed record SavedIdentity(string Identity);

[JsonSerializable(typeof(SavedIdentity))]
[JsonSerializable(typeof(SavedLease))]
[JsonSerializable(typeof(SavedRun))]
[JsonSerializable(typeof(SavedFootprint))]
[JsonSerializable(typeof(SavedTunnel))]
[JsonSerializable(typeof(SavedNetwork))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StateJson : JsonSerializerContext;
