using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Engine.DataPath;

/// <summary>One peer's subnet, and the host it is behind.</summary>
/// <param name="Subnet">IPv4 network, or IPv6 network of a peer that takes IPv6.</param>
/// <param name="Host">IPv4 address of the host.</param>
public readonly record struct TunnelRoute(IPNetwork Subnet, IPAddress Host);

/// <summary>Who is behind which address: made once, never changed, exchanged as a whole.</summary>
public sealed class ForwardingTable
{
    private readonly AddressHash _hosts;

    /// <param name="own">Our own subnet.</param>
    /// <param name="mtu">Longest packet of the tunnel, bytes.</param>
    /// <param name="routes">The peers'. Of two equal subnets the last counts.</param>
    /// <param name="ownV6">Our own IPv6 subnet; null where the tunnel carries none.</param>
    public ForwardingTable(IPNetwork own, int mtu, IReadOnlyCollection<TunnelRoute> routes, IPNetwork? ownV6 = null)
    {
        (Own, OwnV6, Mtu, Routes) = (own, ownV6, mtu, routes);
        V4 = new(own, routes);
        V6 = ownV6 is { } subnet ? new(subnet, routes) : null;
        _hosts = new(routes.Count, routes.Select(route => (Number(route.Host), 1u)));
    }

    /// <summary>Our own subnet.</summary>
    public IPNetwork Own { get; }

    /// <summary>Our own IPv6 subnet.</summary>
    public IPNetwork? OwnV6 { get; }

    /// <summary>Longest packet of the tunnel, bytes.</summary>
    public int Mtu { get; }

    /// <summary>What it was made from.</summary>
    public IReadOnlyCollection<TunnelRoute> Routes { get; }

    /// <summary>IPv4 packets' half.</summary>
    public FamilyTable V4 { get; }

    /// <summary>IPv6 packets' half; null where the tunnel carries none.</summary>
    public FamilyTable? V6 { get; }

    /// <summary>The half that a checked packet goes by; null where its family is not carried.</summary>
    internal FamilyTable? Of(ReadOnlySpan<byte> packet) => Packet.IsV6(packet) ? V6 : V4;

    /// <summary>Whether a host is a peer.</summary>
    public bool IsPeer(uint host) => _hosts.Find(host) != 0;

    internal static UInt128 Number(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        return !address.TryWriteBytes(octets, out var length) ? throw new ArgumentException($"{address} is no address.", nameof(address))
            : length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(octets)
            : BinaryPrimitives.ReadUInt128BigEndian(octets);
    }
}

/// <summary>One family's half of a forwarding table. Addresses are in host order, IPv4's in the lower 32 bits.</summary>
/// <remarks>
/// A hash table for each prefix length that occurs, longest first: a look-up costs as many probes as there are lengths, which is one in a flannel
/// network, whatever the number of peers.
/// </remarks>
public sealed class FamilyTable
{
    private readonly Level[] _levels;
    private readonly UInt128 _ownMask;

    internal FamilyTable(IPNetwork own, IEnumerable<TunnelRoute> routes)
    {
        var family = own.BaseAddress.AddressFamily;
        (OwnAddress, _ownMask) = (ForwardingTable.Number(own.BaseAddress), Mask(family, own.PrefixLength));
        _levels = [.. routes.Where(route => route.Subnet.BaseAddress.AddressFamily == family)
            .GroupBy(route => route.Subnet.PrefixLength).OrderByDescending(level => level.Key).Select(level => new Level(
                Mask(family, level.Key), new(level.Count(), level.Select(route => (ForwardingTable.Number(route.Subnet.BaseAddress), (uint)ForwardingTable.Number(route.Host))))))];
    }

    /// <summary>The device's own address, the first of our subnet.</summary>
    public UInt128 OwnAddress { get; }

    /// <summary>The host an address is behind, IPv4 in host order; 0 for none.</summary>
    public uint HostOf(UInt128 address)
    {
        foreach (ref readonly var level in _levels.AsSpan())
            if (level.Subnets.Find(address & level.Mask) is var host && host != 0)
                return host;
        return 0;
    }

    /// <summary>Whether an address is in our own subnet.</summary>
    public bool IsOurs(UInt128 address) => (address & _ownMask) == OwnAddress;

    private static UInt128 Mask(AddressFamily family, int length)
        => length == 0 ? 0 : family == AddressFamily.InterNetwork ? uint.MaxValue << (32 - length) : UInt128.MaxValue << (128 - length);

    private readonly record struct Level(UInt128 Mask, AddressHash Subnets);
}
