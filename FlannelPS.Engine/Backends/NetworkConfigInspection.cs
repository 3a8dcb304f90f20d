using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Backends;

/// <summary>Looks a whole configuration through, for people: every rule, and what is likely to be a slip though it breaks none.</summary>
internal static class NetworkConfigInspection
{
    /// <summary>What was found.</summary>
    /// <param name="Config">The configuration; null where a rule is broken.</param>
    /// <param name="Verdicts">Rule by rule.</param>
    public sealed record Result(NetworkConfig? Config, IReadOnlyList<RuleVerdict> Verdicts);

    /// <summary>Looks it through.</summary>
    /// <param name="json">UTF-8.</param>
    public static Result Inspect(ReadOnlyMemory<byte> json)
    {
        var trace = new RuleTrace();
        var config = NetworkConfigReader.Read(json, 0, trace);
        if (config is null)
        {
            trace.Skip(["Backend"], "the rules above have to hold first");
            if (trace.Verdicts[0].Status == RuleStatus.Fail)
                return new(null, trace.Verdicts);
        }
        else if (BackendVerdict(config) is var verdict)
        {
            trace.Add(verdict);
            config = verdict.Status == RuleStatus.Fail ? null : config;
        }
        Advices(json).ForEach(trace.Add);
        return new(config, trace.Verdicts);
    }

    /// <summary>Whether the backend and its options can serve: ours must be right, flannel's own are let pass with a warning, and one that nobody has is wrong.</summary>
    public static RuleVerdict BackendVerdict(NetworkConfig config)
    {
        const string Rule = "Backend";
        var type = config.BackendType;
        if (BackendRegistry.Has(type))
        {
            try
            {
                BackendRegistry.Create(config);
                return new(Rule, RuleStatus.Pass, $"{type} and its options can serve");
            }
            catch (NetworkConfigException e)
            {
                return new(Rule, RuleStatus.Fail, e.Message, $"Correct the options of {type}.");
            }
        }
        if (!OriginalBackends.Has(type))
            return new(Rule, RuleStatus.Fail, $"there is no backend '{type}'", $"Name one of {string.Join(", ", OriginalBackends.Types)}.");
        var strange = config.Backend.ValueKind == JsonValueKind.Object
            ? config.Backend.EnumerateObject().Select(option => option.Name).Where(name => !name.Equals("Type", StringComparison.OrdinalIgnoreCase)
                && !OriginalBackends.OptionsOf(type).Contains(name, StringComparer.OrdinalIgnoreCase)).ToList()
            : [];
        return new(Rule, RuleStatus.Warn,
            $"backend {type} is for nodes of flannel itself; nodes of FlannelPS wait until another one is configured"
                + (strange.Count == 0 ? "" : $"; flannel ignores its option{(strange.Count > 1 ? "s" : "")} {string.Join(", ", strange)}"),
            "Keep it where all nodes run flanneld; otherwise name vxlan, host-gw, udp or alloc.");
    }

    /// <summary>Slips that flannel lets pass in silence.</summary>
    private static List<RuleVerdict> Advices(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var fields = new NetworkConfigReader.Fields(document.RootElement);
        List<RuleVerdict?> found = [HostBits("Network", AddressFamily.InterNetwork, fields), HostBits("IPv6Network", AddressFamily.InterNetworkV6, fields), Members(fields), IPv6Off(fields)];
        return found.OfType<RuleVerdict>().ToList();
    }

    private static RuleVerdict? HostBits(string name, AddressFamily family, NetworkConfigReader.Fields fields)
        => fields.Find(name) is { ValueKind: JsonValueKind.String } value && AddressText.TryParseCidr(value.GetString(), family, out var network)
            && AddressText.TryParse(value.GetString().AsSpan(0, value.GetString()!.IndexOf('/')), out var address) && !address.Equals(network.BaseAddress)
            ? new("HostBits", RuleStatus.Warn, $"{name} {value.GetString()} has host bits; flannel takes {network}", $"Write {network}.")
            : null;

    private static RuleVerdict Members(NetworkConfigReader.Fields fields)
        => fields.Names.Where(name => !NetworkConfigText.Names.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList() is { Count: > 0 } unknown
            ? new("Members", RuleStatus.Warn, $"flannel does not know and ignores {string.Join(", ", unknown.Select(LeaseReader.Printable))}", $"It knows {string.Join(", ", NetworkConfigText.Names)}.")
            : new("Members", RuleStatus.Pass, "all members are known");

    private static RuleVerdict? IPv6Off(NetworkConfigReader.Fields fields)
        => fields.Find("IPv6Network") is not null && fields.Find("EnableIPv6") is not { ValueKind: JsonValueKind.True }
            ? new("EnableIPv6", RuleStatus.Warn, "an IPv6Network is given, and IPv6 is off", "Set EnableIPv6, or leave the IPv6Network out.")
            : null;
}
