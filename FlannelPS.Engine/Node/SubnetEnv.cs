using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Node;

/// <summary>What <c>subnet.env</c> says to container runtimes and CNI plugins.</summary>
/// <param name="Network">The IPv4 network; null where IPv4 is off.</param>
/// <param name="Subnet">This host's IPv4 subnet as the lease has it; the file states its first host address.</param>
/// <param name="IPv6Network">The IPv6 network; null where IPv6 is off.</param>
/// <param name="IPv6Subnet">This host's IPv6 subnet.</param>
/// <param name="Mtu">MTU for workloads, bytes without the outer header; 0 when a file that was read did not say.</param>
/// <param name="IpMasq">Whether the daemon masquerades, so that Docker need not.</param>
public sealed record SubnetEnv(IPNetwork? Network, IPNetwork? Subnet, IPNetwork? IPv6Network, IPNetwork? IPv6Subnet, int Mtu, bool IpMasq)
{
    /// <summary>The file's text: the original's lines in its order, LF behind each, no quotes.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        if (Network is { } network)
            text.Append("FLANNEL_NETWORK=").Append(network).Append('\n');
        if (Subnet is { } subnet)
            text.Append("FLANNEL_SUBNET=").Append(FirstHost(subnet)).Append('/').Append(subnet.PrefixLength).Append('\n');
        if (IPv6Network is { } networkV6)
            text.Append("FLANNEL_IPV6_NETWORK=").Append(networkV6).Append('\n');
        if (IPv6Subnet is { } subnetV6)
            text.Append("FLANNEL_IPV6_SUBNET=").Append(FirstHost(subnetV6)).Append('/').Append(subnetV6.PrefixLength).Append('\n');
        text.Append("FLANNEL_MTU=").Append(Mtu).Append("\nFLANNEL_IPMASQ=").Append(IpMasq ? "true" : "false").Append('\n');
        return text.ToString();
    }

    /// <summary>
    /// Reads a file as tolerantly as the original does: quotes, comments, <c>export</c>, blanks and CR are allowed, unknown lines skipped. A value is a list with
    /// commas; items that are no network are skipped, and none or more than one left is no value. Never throws.
    /// </summary>
    public static SubnetEnv Parse(string text)
    {
        IPNetwork? network = null, subnet = null, networkV6 = null, subnetV6 = null;
        var mtu = 0;
        var ipMasq = false;
        foreach (var (name, value) in EnvLines.Read(text))
        {
            switch (name)
            {
                case "FLANNEL_NETWORK": network = Single(value, AddressFamily.InterNetwork); break;
                case "FLANNEL_SUBNET": subnet = Single(value, AddressFamily.InterNetwork); break;
                case "FLANNEL_IPV6_NETWORK": networkV6 = Single(value, AddressFamily.InterNetworkV6); break;
                case "FLANNEL_IPV6_SUBNET": subnetV6 = Single(value, AddressFamily.InterNetworkV6); break;
                case "FLANNEL_MTU": _ = int.TryParse(value, NumberStyles.None, null, out mtu); break;
                case "FLANNEL_IPMASQ": ipMasq = value == "true"; break;
            }
        }
        return new(network, subnet, networkV6, subnetV6, mtu, ipMasq);
    }

    private static IPNetwork? Single(string value, AddressFamily family)
    {
        IPNetwork? single = null;
        foreach (var item in value.Split(','))
        {
            if (!AddressText.TryParseCidr(item.Trim(), family, out var network))
                continue;
            if (single is not null)
                return null;
            single = network;
        }
        return single;
    }

    /// <summary>The address that the file states for a subnet: its first host's, which the host's bridge takes.</summary>
    internal static IPAddress FirstHost(IPNetwork subnet)
    {
        var octets = subnet.BaseAddress.GetAddressBytes();
        octets[^1]++;    // a subnet has host bits (length at most 30, 126), so the last octet of its base is even
        return new(octets);
    }
}
