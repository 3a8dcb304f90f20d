using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>What a node says of itself, and what the kernel and its file say to that.</summary>
/// <param name="Status">Its status; undefined where it does not answer.</param>
/// <param name="Peers">Its peers.</param>
/// <param name="Leases">The leases it knows, with the keys that are none.</param>
/// <param name="Verdicts">Its own checks, in their order.</param>
internal sealed record NodeAnswers(JsonElement Status, JsonElement Peers, JsonElement Leases, IReadOnlyList<RuleVerdict> Verdicts)
{
    /// <summary>Why it does not answer; empty where it does.</summary>
    public string Silence { get; init; } = "";

    /// <summary>What to do about that.</summary>
    public string SilenceRemedy { get; init; } = "";

    /// <summary>Its network; null before it has a lease.</summary>
    public NetworkFacts? Network
        => Status.Network("network") is { } network && Status.Part("lease").Network("subnet") is { } subnet
            ? new(network, Status.Network("ipv6Network"), subnet, Status.Text("backend") ?? "", (int)(Status.Part("tunnel").Number("port") ?? 0), Status.Texts("devices"), Status.Text("interface") ?? "")
            {
                IPv6Subnet = Status.Part("lease").Network("ipv6Subnet"),
                SubnetLength = subnet.PrefixLength,
                IPv6SubnetLength = Status.Part("lease").Network("ipv6Subnet")?.PrefixLength,
            }
            : null;
}
