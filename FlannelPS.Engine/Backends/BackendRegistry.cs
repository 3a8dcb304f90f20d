using FlannelPS.Engine.Backends.Alloc;
using FlannelPS.Engine.Backends.HostGw;
using FlannelPS.Engine.Backends.Udp;
using FlannelPS.Engine.Backends.Vxlan;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Backends;

/// <summary>The backends there are.</summary>
public static class BackendRegistry
{
    private const string Known = "vxlan, host-gw, udp, alloc";

    /// <summary>Whether there is a backend of a name.</summary>
    public static bool Has(string type) => type is "vxlan" or "host-gw" or "udp" or "alloc";

    /// <summary>Makes the backend that the configuration names.</summary>
    /// <exception cref="NetworkConfigException">There is none of that name, or an option is wrong.</exception>
    public static IBackend Create(NetworkConfig config)
        => config.BackendType switch
        {
            "vxlan" => new VxlanBackend(config),
            "host-gw" => new HostGwBackend(config),
            "alloc" => new AllocBackend(config),
            "udp" => new UdpBackend(config),
            var other => throw new NetworkConfigException($"there is no backend '{other}'; there are {Known}"),
        };
}
