namespace FlannelPS.Engine.Backends;

/// <summary>The backends of flannel itself, for configurations that are meant for its own nodes.</summary>
/// <remarks>Section 5 of the behaviour reference. Its nodes ignore options they do not know, so these lists serve advice, not refusal.</remarks>
internal static class OriginalBackends
{
    private static readonly Dictionary<string, string[]> Options = new()
    {
        ["vxlan"] = ["VNI", "Port", "MTU", "GBP", "Learning", "DirectRouting"],
        ["host-gw"] = [],
        ["alloc"] = [],
        ["udp"] = ["Port"],
        ["ipip"] = ["DirectRouting"],
        ["wireguard"] = ["ListenPort", "ListenPortV6", "MTU", "PSK", "PersistentKeepaliveInterval", "Mode"],
        ["ipsec"] = ["PSK", "UDPEncap", "ESPProposal"],
        ["extension"] = ["PreStartupCommand", "PostStartupCommand", "SubnetAddCommand", "SubnetRemoveCommand", "ShutdownCommand"],
        ["tencent-vpc"] = ["AccessKeyID", "AccessKeySecret"],
    };

    private static readonly string[] Secrets = ["PSK", "AccessKeySecret"];

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Types => Options.Keys;

    /// <summary>Whether flannel has a backend of this name, in lower case.</summary>
    public static bool Has(string type) => Options.ContainsKey(type);

    /// <summary>The options it has besides Type; empty for one that is not known.</summary>
    public static IReadOnlyList<string> OptionsOf(string type) => Options.GetValueOrDefault(type) ?? [];

    /// <summary>Whether an option is a secret.</summary>
    public static bool IsSecret(string option) => Secrets.Contains(option, StringComparer.OrdinalIgnoreCase);

    /// <summary>What a lease under this backend says for its backend: two of them say nothing (section 1.4).</summary>
    public static string LeaseType(string type) => type is "alloc" or "udp" or "tencent-vpc" ? "" : type;
}
