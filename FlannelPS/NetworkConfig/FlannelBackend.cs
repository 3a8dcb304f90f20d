using System.Collections;
using System.Collections.Specialized;
using System.Text;
using System.Text.Json;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>How subnets reach each other: a backend and its options. New-FlannelBackend makes it; a text that is a backend's name is taken for one, too.</summary>
public sealed class FlannelBackend
{
    private const string AnyNetwork = """{"Network":"10.0.0.0/8","Backend":""";

    private FlannelBackend(NetworkConfig config)
    {
        Type = config.BackendType;
        IsNamed = config.Backend.ValueKind == JsonValueKind.Object;
        Json = IsNamed ? config.Backend.GetRawText() : $"{{\"Type\":{NetworkConfigText.Quoted(Type)}}}";
        var options = new OrderedDictionary(StringComparer.OrdinalIgnoreCase);
        if (IsNamed)
            foreach (var option in config.Backend.EnumerateObject().Where(option => !option.Name.Equals("Type", StringComparison.OrdinalIgnoreCase)))
                options[option.Name] = FlannelPS.Json.ToObject(option.Value);
        Option = options.AsReadOnly();
    }

    /// <summary>Such as <c>vxlan</c>, in lower case.</summary>
    public string Type { get; }

    /// <summary>The vxlan network identifier; null where it is not given, which means 1.</summary>
    public int? VNI => Number("VNI");

    /// <summary>The UDP port; null where it is not given.</summary>
    public int? Port => Number("Port");

    /// <summary>Bytes of the outer packet; null where it is not given, which means the interface's.</summary>
    public int? MTU => Number("MTU");

    /// <summary>Whether hosts on the same link are reached without a tunnel; null where it is not given.</summary>
    public bool? DirectRouting => Option["DirectRouting"] as bool?;

    /// <summary>Whether the device learns addresses from packets; null where it is not given.</summary>
    public bool? Learning => Option["Learning"] as bool?;

    /// <summary>Whether packets carry a group policy; null where it is not given.</summary>
    public bool? GBP => Option["GBP"] as bool?;

    /// <summary>All options as they are written, whatever the backend.</summary>
    public IDictionary Option { get; }

    /// <summary>Whether the configuration names it; where it names none, flannel means udp.</summary>
    internal bool IsNamed { get; }

    /// <summary>Its JSON.</summary>
    internal string Json { get; }

    /// <summary>Whether an option of it is a secret.</summary>
    internal bool HoldsSecret => Option.Keys.Cast<string>().Any(OriginalBackends.IsSecret);

    /// <summary>A backend by its name alone, with its usual options.</summary>
    /// <exception cref="FlannelException">There is none of that name.</exception>
    public static FlannelBackend Parse(string text)
        => Make($"{{\"Type\":{NetworkConfigText.Quoted(text.Trim())}}}", out var problem, out _) ?? throw FlannelError.NetworkConfigInvalid.Exception(problem);

    /// <summary>Its name.</summary>
    public override string ToString() => Type;

    /// <summary>The backend of a configuration.</summary>
    internal static FlannelBackend Of(NetworkConfig config) => new(config);

    /// <summary>The backend that a JSON object describes; null, and why, where it cannot serve.</summary>
    internal static FlannelBackend? Make(string json, out string problem, out string warning)
    {
        (problem, warning) = ("", "");
        try
        {
            var config = NetworkConfigReader.Read(Encoding.UTF8.GetBytes(AnyNetwork + json + "}"));
            var verdict = NetworkConfigInspection.BackendVerdict(config);
            if (verdict.Status == RuleStatus.Fail)
                throw new NetworkConfigException(BackendRegistry.Has(config.BackendType) ? verdict.Message : $"{verdict.Message}. {verdict.Remedy}");
            warning = verdict.Status == RuleStatus.Warn ? verdict.Message : "";
            return new(config);
        }
        catch (NetworkConfigException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private int? Number(string name) => Option[name] is long value && value == (int)value ? (int)value : null;
}
