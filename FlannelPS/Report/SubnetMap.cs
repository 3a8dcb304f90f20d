using System.Net;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Report;

/// <summary>Which subnets of a network are taken: cells in the order of addresses, each a subnet, or as many as fit where there are too many to show one by one.</summary>
/// <param name="Length">Prefix length of one subnet.</param>
/// <param name="First">Number of the first subnet that may be given, counted from the network's first.</param>
/// <param name="Last">Number of the last.</param>
/// <param name="IsExact">Whether the node told the range; else it is flannel's rule without any setting.</param>
/// <param name="Cells">The cells.</param>
internal sealed record SubnetMap(int Length, long First, long Last, bool IsExact, IReadOnlyList<SubnetCell> Cells)
{
    /// <summary>More cells than that say nothing to an eye.</summary>
    private const int MostCells = 2048;

    /// <summary>Subnets in a cell.</summary>
    public long PerCell { get; private init; } = 1;

    /// <summary>How many may be given.</summary>
    public long Total => Last - First + 1;

    /// <summary>How many of those are taken.</summary>
    public long Used { get; private init; }

    /// <summary>How many of those have no end.</summary>
    public long Reserved { get; private init; }

    /// <summary>The longest run of free ones: where it begins, and how long it is.</summary>
    public (IPNetwork At, long Length)? LongestFree { get; private init; }

    /// <summary>Part of the subnets that is taken, 0 to 1.</summary>
    public double Utilisation => Total > 0 ? (double)Used / Total : 0;

    /// <summary>Makes it from what the nodes told.</summary>
    public static SubnetMap Of(IPNetwork network, IReadOnlyList<Witness> witnesses, IReadOnlyList<HostView> hosts)
    {
        var told = witnesses.Select(witness => witness.Node).FirstOrDefault(node => node is { SubnetLength: not null, SubnetMin: not null, SubnetMax: not null });
        var length = told?.SubnetLength ?? hosts.Select(host => host.Subnet.PrefixLength).GroupBy(bits => bits).OrderByDescending(group => group.Count()).Select(group => group.Key).FirstOrDefault(24);
        length = Math.Clamp(length, network.PrefixLength, Math.Min(AddressNumber.Bits(network.BaseAddress.AddressFamily), network.PrefixLength + 30));
        var (size, start) = (AddressNumber.Size(network.BaseAddress.AddressFamily, length), network.First());
        var count = 1L << (length - network.PrefixLength);
        var first = told is null ? Math.Min(1, count - 1) : Number(told.SubnetMin!);
        var last = told is null ? count - 1 : Number(told.SubnetMax!);

        var taken = new SortedDictionary<long, HostView>();
        foreach (var host in hosts.Where(host => host.Subnet.Overlaps(network)))
            for (long at = Number(host.Subnet.BaseAddress), end = Math.Min(count - 1, NumberOf(host.Subnet.Last())); at <= end && taken.Count < 1 << 20; at++)
                taken[at] = host;

        var perCell = 1L;
        while (count / perCell > MostCells)
            perCell *= 2;
        var cells = new SubnetCell[(count + perCell - 1) / perCell];
        for (var i = 0; i < cells.Length; i++)
        {
            var low = i * perCell;
            cells[i] = new(Network(low), Math.Min(perCell, Math.Max(0, Math.Min(low + perCell - 1, last) - Math.Max(low, first) + 1)));
        }
        foreach (var (at, host) in taken)
            cells[at / perCell] = cells[at / perCell].With(host);
        var inside = taken.Where(pair => pair.Key >= first && pair.Key <= last).ToList();
        return new(length, first, last, told is not null, cells)
        {
            PerCell = perCell,
            Used = inside.Count,
            Reserved = inside.Count(pair => pair.Value.IsReservation),
            LongestFree = FreeRun(inside.ConvertAll(pair => pair.Key)) is { Length: > 0 } run ? (Network(run.At), run.Length) : null,
        };

        long Number(IPAddress address) => NumberOf(address.ToNumber());
        long NumberOf(UInt128 address) => address < start ? 0 : (long)UInt128.Min((address - start) / size, (UInt128)(count - 1));
        IPNetwork Network(long number) => new(AddressNumber.ToAddress(start + (UInt128)number * size, network.BaseAddress.AddressFamily), length);

        (long At, long Length) FreeRun(List<long> used)
        {
            var (best, from) = ((At: first, Length: 0L), first);
            foreach (var at in used.Append(last + 1))
            {
                if (at - from > best.Length)
                    best = (from, at - from);
                from = at + 1;
            }
            return best;
        }
    }
}

/// <summary>One cell of the map.</summary>
/// <param name="At">Its first subnet.</param>
/// <param name="Given">How many of its subnets may be given at all.</param>
internal sealed record SubnetCell(IPNetwork At, long Given)
{
    /// <summary>How many are taken.</summary>
    public int Used { get; private init; }

    /// <summary>Whose the first of them is.</summary>
    public HostView? Host { get; private init; }

    /// <summary>Whether one of them is pinned.</summary>
    public bool IsReserved { get; private init; }

    /// <summary>Whether one of them is a host's that was asked.</summary>
    public bool IsAsked { get; private init; }

    /// <summary>The same with one more taken.</summary>
    public SubnetCell With(HostView host)
        => this with { Used = Used + 1, Host = Host ?? host, IsReserved = IsReserved || host.IsReservation, IsAsked = IsAsked || host.Node is not null };
}
