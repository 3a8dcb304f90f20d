using System.Net;

namespace FlannelPS.Lab;

/// <summary>What subnet.env says, read with a parser of the lab's own.</summary>
/// <param name="Network">FLANNEL_NETWORK.</param>
/// <param name="Gateway">The address in FLANNEL_SUBNET, the subnet's first.</param>
/// <param name="Length">Prefix length of FLANNEL_SUBNET.</param>
/// <param name="Mtu">FLANNEL_MTU, in bytes.</param>
/// <param name="Gateway6">The address in FLANNEL_IPV6_SUBNET; null without IPv6.</param>
/// <param name="Length6">Its prefix length.</param>
public sealed record SubnetEnv(string Network, IPAddress Gateway, int Length, int Mtu, IPAddress? Gateway6, int Length6)
{
    /// <summary>The subnet as a lease key has it, such as <c>10.42.7.0-24</c>.</summary>
    public string Key => $"{Subnet.BaseAddress}-{Length}";

    /// <summary>The subnet as routes have it.</summary>
    public IPNetwork Subnet
    {
        get
        {
            uint address = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(Gateway.GetAddressBytes());
            byte[] masked = new byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(masked, address & (uint.MaxValue << (32 - Length)));
            return new(new IPAddress(masked), Length);
        }
    }

    /// <summary>The IPv6 subnet as routes have it; null without IPv6.</summary>
    public IPNetwork? Subnet6
    {
        get
        {
            if (Gateway6 is null)
            {
                return null;
            }

            byte[] masked = Gateway6.GetAddressBytes();
            var address = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(masked);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(masked, address & (UInt128.MaxValue << (128 - Length6)));
            return new(new IPAddress(masked), Length6);
        }
    }

    /// <summary>Parses the file's text.</summary>
    public static SubnetEnv Parse(string text)
    {
        var values = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        string[] subnet = values["FLANNEL_SUBNET"].Split('/');
        string[]? subnet6 = values.GetValueOrDefault("FLANNEL_IPV6_SUBNET")?.Split('/');
        return new(
            values["FLANNEL_NETWORK"],
            IPAddress.Parse(subnet[0]),
            int.Parse(subnet[1]),
            int.Parse(values["FLANNEL_MTU"]),
            subnet6 is null ? null : IPAddress.Parse(subnet6[0]),
            subnet6 is null ? 0 : int.Parse(subnet6[1]));
    }
}
