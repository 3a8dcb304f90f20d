using System.Text.Json;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>Counters of a node that should stand still, read twice with a while between.</summary>
/// <param name="First">At the beginning, by name.</param>
/// <param name="Second">At the end.</param>
internal sealed record NodeCounters(IReadOnlyDictionary<string, long> First, IReadOnlyDictionary<string, long> Second)
{
    public const string Strangers = "strangers", UnknownPeers = "unknownPeer", Spoofed = "spoofedSource", Foreign = "foreignDestination", KernelRepairs = "repairs", FirewallRepairs = "firewallRepairs";

    /// <summary>By how much one grew.</summary>
    public long Growth(string name) => Math.Max(0, Second.GetValueOrDefault(name) - First.GetValueOrDefault(name));

    /// <summary>All of them at the end.</summary>
    public long Total(params string[] names) => names.Sum(name => Second.GetValueOrDefault(name));

    /// <summary>What a node says of them.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="strangers">What the kernel's guard has dropped; null where it counts nothing.</param>
    public static IReadOnlyDictionary<string, long> Of(JsonElement status, long? strangers)
    {
        var dropped = status.Part("tunnel").Part("received").Part("dropped");
        return new Dictionary<string, long>
        {
            [Strangers] = strangers ?? 0,
            [UnknownPeers] = dropped.Number(Drops.NameOf(DropReason.UnknownPeer)) ?? 0,
            [Spoofed] = dropped.Number(Drops.NameOf(DropReason.SpoofedSource)) ?? 0,
            [Foreign] = dropped.Number(Drops.NameOf(DropReason.ForeignDestination)) ?? 0,
            [KernelRepairs] = status.Part("kernel").Number("repairs") ?? 0,
            [FirewallRepairs] = status.Part("firewall").Number("repairs") ?? 0,
        };
    }
}
