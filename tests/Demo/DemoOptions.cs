namespace FlannelPS.Demo;

/// <summary>What the demo was asked for.</summary>
/// <param name="Store">local or etcd.</param>
/// <param name="Backend">vxlan or host-gw.</param>
/// <param name="Hosts">How many hosts.</param>
/// <param name="Original">Whether the original flanneld (FLANNELD) runs in place of flannelpsd.</param>
internal sealed record DemoOptions(string Store, string Backend, int Hosts, bool Original)
{
    public const string Usage = "usage: demo [--store local|etcd] [--backend vxlan|host-gw] [--hosts 2..20] [--daemon flannelpsd|flanneld]";

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">Names what is wrong.</exception>
    public static DemoOptions Parse(string[] arguments)
    {
        var options = new DemoOptions("local", "vxlan", 3, false);
        for (int i = 0; i < arguments.Length; i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            string value = parts.Length == 2 ? parts[1] : ++i < arguments.Length ? arguments[i] : "";
            options = (parts[0], value) switch
            {
                ("--store", "local" or "etcd") => options with { Store = value },
                ("--backend", "vxlan" or "host-gw") => options with { Backend = value },
                ("--hosts", _) when int.TryParse(value, out int hosts) && hosts is >= 2 and <= 20 => options with { Hosts = hosts },
                ("--daemon", "flannelpsd" or "flanneld") => options with { Original = value == "flanneld" },
                _ => throw new ArgumentException($"{parts[0]} {value}: not known; {Usage}"),
            };
        }

        return options.Original && options.Store != "etcd"
            ? throw new ArgumentException("--daemon flanneld knows no local store: add --store etcd")
            : options;
    }
}
