using System.Net;
using System.Buffers.Binary;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Leases;

/// <summary>Draws a free subnet, each free one with the same chance over the whole range (Q-39: the original crowds in the lowest hundred).</summary>
internal static class SubnetAllocator
{
    /// <summary>Draws a subnet for a new lease.</summary>
    /// <param name="config">Where to draw from.</param>
    /// <param name="occupied">What is taken, of any size, inside the range or not.</param>
    /// <param name="exhausted">When nothing is returned: which range is full.</param>
    /// <returns>Null when there is no room in a family.</returns>
    public static Subnet? Draw(NetworkConfig config, IReadOnlyCollection<Subnet> occupied, out string exhausted)
    {
        exhausted = "";
        if (Draw(config.IPv4, occupied.Select(subnet => subnet.IPv4)) is not { } v4)
        {
            exhausted = Exhausted(config.IPv4);
            return null;
        }
        if (config.IPv6 is not { } range)
            return new(v4, null);
        if (Draw(range, occupied.Where(subnet => subnet.IPv6 is not null).Select(subnet => subnet.IPv6!.Value)) is { } v6)
            return new(v4, v6);
        exhausted = Exhausted(range);
        return null;
    }

    private static string Exhausted(SubnetRange range)
        => $"all {range.Count} subnets of {range.Network} from {range.Minimum} to {range.Maximum} are taken; release a lease or widen the network";

    /// <summary>Draws from one family's range.</summary>
    internal static IPNetwork? Draw(SubnetRange range, IEnumerable<IPNetwork> occupied)
    {
        var minimum = range.Minimum.ToNumber();
        var count = range.Count;
        // Occupied places as closed intervals of indices, sorted, so that the gaps can be counted without walking the range.
        var taken = occupied
            .Where(network => network.BaseAddress.AddressFamily == range.Family && network.Last() >= minimum)
            .Select(network => (
                First: network.First() <= minimum ? UInt128.Zero : (network.First() - minimum) / range.Size,
                Last: (network.Last() - minimum) / range.Size))
            .Where(place => place.First < count)
            .OrderBy(place => place.First)
            .ToList();

        var gaps = new List<(UInt128 First, UInt128 Length)>();
        var free = UInt128.Zero;
        var next = UInt128.Zero;
        foreach (var (first, last) in taken)
        {
            if (first > next)
            {
                gaps.Add((next, first - next));
                free += first - next;
            }
            if (last + 1 > next)
                next = last + 1;
        }
        if (next < count)
        {
            gaps.Add((next, count - next));
            free += count - next;
        }
        if (free == 0)
            return null;

        var drawn = Random() % free;
        foreach (var (first, length) in gaps)
        {
            if (drawn < length)
                return new IPNetwork(AddressNumber.ToAddress(minimum + (first + drawn) * range.Size, range.Family), range.SubnetLength);
            drawn -= length;
        }
        throw new InvalidOperationException("The gaps do not add up.");
    }

    private static UInt128 Random()
    {
        Span<byte> bytes = stackalloc byte[16];
        Entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
