using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>What runs at the two ends of a tunnel that is measured.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Backend">Backend of the network.</param>
/// <param name="First">Starts the first host's daemon.</param>
/// <param name="Second">Starts the second host's.</param>
internal sealed record Pairing(string Name, string Backend, Func<Host, string, Daemon> First, Func<Host, string, Daemon> Second)
{
    public static readonly Pairing Ours = new("flannelpsd", "udp", Flannelpsd("auto"), Flannelpsd("auto"));

    public static readonly Pairing Plain = new("flannelpsd, plain", "udp", Flannelpsd("off"), Flannelpsd("off"));

    public static readonly Pairing Original = new("flanneld", "udp", Flanneld, Flanneld);

    public static readonly Pairing ToOriginal = new("flannelpsd to flanneld", "udp", Flannelpsd("auto"), Flanneld);

    public static readonly Pairing FromOriginal = new("flanneld to flannelpsd", "udp", Flanneld, Flannelpsd("auto"));

    public static readonly Pairing Vxlan = new("kernel vxlan", "vxlan", Flannelpsd("auto"), Flannelpsd("auto"));

    /// <summary>Whether the original takes part.</summary>
    public bool NeedsOriginal => First == Flanneld || Second == Flanneld;

    private static Func<Host, string, Daemon> Flannelpsd(string offload) => (host, endpoint) => host.StartFlannelpsd(endpoint, $"--udp-offload={offload}");

    private static Daemon Flanneld(Host host, string endpoint) => host.StartFlanneld(endpoint);
}
