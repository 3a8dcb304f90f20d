using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.Leases;

/// <summary>The part of a network that subnets are given from, of one family.</summary>
/// <param name="Network">The whole overlay network.</param>
/// <param name="SubnetLength">Prefix length of one node's subnet, bits.</param>
/// <param name="Minimum">Address of the first subnet that may be given.</param>
/// <param name="Maximum">Address of the last one, inclusive.</param>
public sealed record SubnetRange(IPNetwork Network, int SubnetLength, IPAddress Minimum, IPAddress Maximum)
{
    /// <summary>Network or IPv6: the address family.</summary>
    public AddressFamily Family => Network.BaseAddress.AddressFamily;

    /// <summary>How many subnets may be given.</summary>
    public UInt128 Count => (Maximum.ToNumber() - Minimum.ToNumber()) / Size + 1;

    /// <summary>Addresses in one subnet.</summary>
    internal UInt128 Size => AddressNumber.Size(Family, SubnetLength);

    /// <summary>Whether a subnet could have been given from here.</summary>
    public bool Holds(IPNetwork subnet)
        => subnet.PrefixLength == SubnetLength && subnet.BaseAddress.AddressFamily == Family
            && subnet.BaseAddress.ToNumber() is var first && first >= Minimum.ToNumber() && first <= Maximum.ToNumber()
            && (first - Minimum.ToNumber()) % Size == 0;

    /// <summary>The rules' names, in the order they are looked at.</summary>
    /// <param name="prefix">"" or "IPv6": how the fields' names begin.</param>
    internal static string[] Rules(string prefix) => [prefix + "Network", prefix + "SubnetLen", prefix + "SubnetMin", prefix + "SubnetMax", prefix + "SubnetOrder"];

    /// <summary>Checks and completes what a configuration says of one family: section 2 of the behaviour reference, rules 1 to 8, and the minimum not above the maximum.</summary>
    /// <param name="prefix">"" or "IPv6": how the fields' names begin.</param>
    /// <param name="family">The family.</param>
    /// <param name="fields">The configuration.</param>
    /// <param name="trace">Takes down which rules hold; null for nobody.</param>
    /// <exception cref="NetworkConfigException">A rule is broken.</exception>
    internal static SubnetRange Check(string prefix, AddressFamily family, NetworkConfigReader.Fields fields, RuleTrace? trace)
    {
        if (fields.Network(prefix + "Network", family) is not { PrefixLength: > 0 } whole)
            throw new NetworkConfigException($"{prefix}Network is missing");
        trace?.Pass(prefix + "Network", $"the network is {whole}");

        var length = Length(prefix, whole, fields.Length(prefix + "SubnetLen"));
        trace?.Pass(prefix + "SubnetLen", $"a node's subnet is a /{length}");

        var size = AddressNumber.Size(family, length);
        // The first subnet is left out by default: its first address is the network's own.
        var first = Bound(prefix + "SubnetMin", fields, whole, size, trace) ?? whole.First() + size;
        var last = Bound(prefix + "SubnetMax", fields, whole, size, trace) ?? whole.Last() - (size - 1);
        if (first > last)
            throw new NetworkConfigException(
                $"{prefix}SubnetMin {AddressNumber.ToAddress(first, family)} is above {prefix}SubnetMax {AddressNumber.ToAddress(last, family)}");
        var range = new SubnetRange(whole, length, AddressNumber.ToAddress(first, family), AddressNumber.ToAddress(last, family));
        trace?.Pass(prefix + "SubnetOrder", $"subnets are given from {range.Minimum} to {range.Maximum}: {range.Count} nodes");
        return range;
    }

    private static int Length(string prefix, IPNetwork whole, uint length)
    {
        var (longest, wide, usual) = whole.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? (30, 22, 24) : (126, 62, 64);
        if (length > longest)
            throw new NetworkConfigException($"{prefix}SubnetLen {length} is too long: at most {longest}");
        if (length > 0 && length < whole.PrefixLength + 2)
            throw new NetworkConfigException($"{prefix}Network {whole} must hold at least four subnets: {prefix}SubnetLen is {length}, and must be {whole.PrefixLength + 2} or more");
        if (length == 0 && whole.PrefixLength > longest - 2)
            throw new NetworkConfigException($"{prefix}Network {whole} is too small: at least a /{longest - 2}");
        return length > 0 ? (int)length : whole.PrefixLength <= wide ? usual : whole.PrefixLength + 2;
    }

    private static UInt128? Bound(string field, NetworkConfigReader.Fields fields, IPNetwork network, UInt128 size, RuleTrace? trace)
    {
        var given = fields.Address(field, network.BaseAddress.AddressFamily);
        if (given is null || given.ToNumber() == 0)
        {
            trace?.Pass(field, "it is not given");
            return null;
        }
        if (!network.Contains(given))
            throw new NetworkConfigException($"{field} {given} is not inside {network}");
        if (given.ToNumber() % size != 0)
            throw new NetworkConfigException($"{field} {given} is not where a subnet begins");
        trace?.Pass(field, $"{given} is inside {network}, and a subnet begins there");
        return given.ToNumber();
    }
}
