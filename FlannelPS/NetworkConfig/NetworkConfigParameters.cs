using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>From the parameters of New- and Set-FlannelNetworkConfig to JSON, and from JSON to a configuration that holds.</summary>
internal static class NetworkConfigParameters
{
    /// <summary>What flannel's documentation calls the default. Its code takes udp where none is named, so it is always named.</summary>
    private const string DefaultBackend = """{"Type":"vxlan"}""";

    /// <summary>A parameter, and the member it becomes. In the order in which the members are written.</summary>
    private static readonly (string Parameter, string Member)[] Members =
    [
        ("Network", "Network"), ("SubnetLength", "SubnetLen"), ("SubnetMin", "SubnetMin"), ("SubnetMax", "SubnetMax"),
        ("EnableIPv4", "EnableIPv4"), ("EnableIPv6", "EnableIPv6"),
        ("IPv6Network", "IPv6Network"), ("IPv6SubnetLength", "IPv6SubnetLen"), ("IPv6SubnetMin", "IPv6SubnetMin"), ("IPv6SubnetMax", "IPv6SubnetMax"),
        ("EnableNFTables", "EnableNFTables"), ("Backend", "Backend"),
    ];

    /// <summary>The configuration that the parameters say, and no other.</summary>
    /// <exception cref="NetworkConfigException">It is not usable.</exception>
    public static FlannelNetworkConfig Build(IDictionary<string, object> bound)
    {
        // Before the rules are looked at: what is meant where none is named has rules of its own.
        var changes = Changes(bound).ToList();
        if (!bound.ContainsKey("Backend"))
            changes.Add(new("Backend", DefaultBackend));
        return Build("{}"u8.ToArray(), changes);
    }

    /// <summary>The configuration that the parameters say, on the ground of another one.</summary>
    /// <param name="bound">The parameters that were given.</param>
    /// <param name="ground">A JSON object whose members stay where no parameter says otherwise.</param>
    /// <exception cref="NetworkConfigException">It is not usable.</exception>
    public static FlannelNetworkConfig Build(IDictionary<string, object> bound, ReadOnlyMemory<byte> ground) => Build(ground, [.. Changes(bound)]);

    /// <summary>Takes JSON for a configuration where every rule holds; others' backends may stand in it.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="verdicts">What was found.</param>
    /// <exception cref="NetworkConfigException">A rule is broken.</exception>
    public static FlannelNetworkConfig Check(ReadOnlyMemory<byte> json, out IReadOnlyList<RuleVerdict> verdicts)
    {
        verdicts = NetworkConfigInspection.Inspect(json).Verdicts;
        return verdicts.FirstOrDefault(verdict => verdict.Status == RuleStatus.Fail) is { } broken ? throw new NetworkConfigException(broken.Message) : FlannelNetworkConfig.Read(json);
    }

    /// <summary>The configuration with the backend named that is meant by default; itself where one is named.</summary>
    public static FlannelNetworkConfig WithBackend(FlannelNetworkConfig config)
        => config.Backend.IsNamed ? config : FlannelNetworkConfig.Read(NetworkConfigText.With(config.Text, [new("Backend", DefaultBackend)]));

    private static FlannelNetworkConfig Build(ReadOnlyMemory<byte> ground, List<KeyValuePair<string, string>> changes)
    {
        var config = Check(NetworkConfigText.With(ground, changes), out var verdicts);
        // A file may have host bits, as flannel masks them; who types a network means it.
        if (verdicts.FirstOrDefault(verdict => verdict.Rule == "HostBits") is { } slip && changes.Exists(change => slip.Message.StartsWith(change.Key + " ", StringComparison.Ordinal)))
            throw new NetworkConfigException(slip.Message);
        return config;
    }

    private static IEnumerable<KeyValuePair<string, string>> Changes(IDictionary<string, object> bound)
    {
        foreach (var (parameter, member) in Members)
        {
            if (bound.TryGetValue(parameter, out var value))
                yield return new(member, Json(value));
            // Who gives an IPv6 network wants it used.
            else if (member == "EnableIPv6" && bound.Keys.Any(name => name.StartsWith("IPv6", StringComparison.OrdinalIgnoreCase)))
                yield return new(member, "true");
        }
    }

    private static string Json(object value)
        => value switch
        {
            FlannelBackend backend => backend.Json,
            SwitchParameter flag => flag ? "true" : "false",
            int number => number.ToString(CultureInfo.InvariantCulture),
            IPAddress address => NetworkConfigText.Quoted(address.ToString()),
            _ => NetworkConfigText.Quoted((value.ToString() ?? "").Trim()),
        };
}
