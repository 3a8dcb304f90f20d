namespace FlannelPS.Checks;

/// <summary>A host that does not forward keeps its workloads from the network.</summary>
internal sealed class ForwardingCheck() : Check("Forwarding", CheckCategory.Kernel, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the kernel forwards packets between workloads and the tunnel (net.ipv4.ip_forward).")
{
    private const string V4 = "net/ipv4/ip_forward", V6 = "net/ipv6/conf/all/forwarding";

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        yield return Of(facts.Host, V4, "net.ipv4.ip_forward");
        if (HasIPv6(facts))
            yield return Of(facts.Host, V6, "net.ipv6.conf.all.forwarding");
    }

    private static Finding Of(HostFacts host, string path, string name)
        => host.Setting(path) switch
        {
            1 => Finding.Pass($"{name} is 1.", name),
            null => Finding.Skip($"The kernel has no setting {name}, or it may not be read.", name),
            var value => Finding.Fail($"{name} is {value}.", "The kernel drops packets that are not its own, so workloads reach no other host and are not reached.",
                $"sysctl -w {name}=1, and the same line in a file of /etc/sysctl.d so that it stays.", name),
        };

    // IPv4 is looked at also where no network is known yet.
    private static bool HasIPv6(CheckFacts facts)
    {
        try
        {
            return facts.Network.IPv6Network is not null;
        }
        catch (FactsMissingException)
        {
            return false;
        }
    }
}
