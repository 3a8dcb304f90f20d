using System.Net;

namespace FlannelPS.Lab;

/// <summary>A namespace behind a host, as a container runtime would make it: cni0 on the host with the subnet's first address, eth0 inside with the second.</summary>
public sealed class Workload : IDisposable
{
    internal Workload(Host host, SubnetEnv subnet)
    {
        Host = host;
        Mtu = subnet.Mtu;
        Namespace = NetworkNamespace.Create(host.Name + "w");
        Address = Next(subnet.Gateway);

        // A bridge takes the lowest MTU of its ports, so the ports have it from the start.
        host.Namespace.Ip(
            $"link add cni0 mtu {Mtu} type bridge",
            "link set cni0 up",
            $"addr add {subnet.Gateway}/{subnet.Length} dev cni0",
            $"link add w0 mtu {Mtu} type veth peer name eth0 mtu {Mtu} netns {Namespace.Name}",
            "link set w0 master cni0 up");
        Namespace.Ip(
            $"addr add {Address}/{subnet.Length} dev eth0",
            "link set eth0 up",
            $"route add default via {subnet.Gateway}");
        if (subnet.Gateway6 is not null)
        {
            Address6 = Next(subnet.Gateway6);
            host.Namespace.Ip($"addr add {subnet.Gateway6}/{subnet.Length6} dev cni0 nodad");
            Namespace.Ip($"addr add {Address6}/{subnet.Length6} dev eth0 nodad", $"route add ::/0 via {subnet.Gateway6}");
        }
    }

    /// <summary>The host it is behind.</summary>
    public Host Host { get; }

    /// <summary>Its namespace.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Its address.</summary>
    public IPAddress Address { get; }

    /// <summary>Its IPv6 address, where the network has IPv6.</summary>
    public IPAddress? Address6 { get; }

    /// <summary>MTU of its eth0, from subnet.env.</summary>
    public int Mtu { get; }

    /// <summary>Removes it with its host's cni0.</summary>
    public void Dispose()
    {
        Namespace.Dispose();
        Command.Run("ip", "-n", Host.Name, "link", "del", "cni0");
    }

    private static IPAddress Next(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes[^1]++;
        return new(bytes);
    }
}
