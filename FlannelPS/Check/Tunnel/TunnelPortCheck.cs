using FlannelPS.Engine.Netlink;

namespace FlannelPS.Checks;

/// <summary>The tunnel's UDP port can be one program's only.</summary>
internal sealed class TunnelPortCheck() : Check("TunnelPort", CheckCategory.Tunnel, FlannelCheckScope.Host, "Whether another program uses the tunnel's UDP port, or another device its VNI.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var (network, host) = (facts.Network, facts.Host);
        if (network.Port == 0)
            return [Finding.Skip($"The backend {network.Backend} has no port.")];
        var target = $"UDP {network.Port}";
        var users = host.UdpUsers.Where(user => user.Port == network.Port).ToList();
        var nodes = host.Daemons.Select(daemon => daemon.Process).ToHashSet();
        var tunnel = host.Links.FirstOrDefault(link => link.Vxlan?.Port == network.Port);
        if (users.Find(user => user.Process > 0 && !nodes.Contains(user.Process)) is { } program)
            return [Finding.Fail($"{program.Name} (process {program.Process}) uses {target}.", "The tunnel cannot have a port that a program has.", "End that program, or give the backend another Port on all hosts (Set-FlannelNetworkConfig).", target)];
        if (tunnel is not null && network.Backend == "udp")
            return [Finding.Fail($"The vxlan device {tunnel.Name} uses {target}.", "The tunnel cannot have a port that a device has.", "Remove that device, or give the backend another Port on all hosts.", target)];
        if (users.Exists(user => user.Process == 0) && tunnel is null)
            return [Finding.Fail($"Somebody uses {target}, and who it is cannot be seen from here.", "The tunnel cannot have a port that a program has.", "As root, ss -ulpn names the program; end it, or give the backend another Port on all hosts.", target)];
        return [Finding.Pass(users.Count == 0 ? $"{target} is free." : tunnel is not null ? $"{target} is the kernel's, for {tunnel.Name}." : $"{target} is a node's of this host.", target)];
    }
}
