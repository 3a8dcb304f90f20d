using System.Collections.Immutable;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>All leases of the network at one moment, our own among them.</summary>
/// <param name="Leases">By key.</param>
/// <param name="Invalid">Keys that are no leases, by key; reported, and of no effect on the others.</param>
/// <param name="IsComplete">False until the first whole list has been seen: before that nothing may be deleted.</param>
/// <param name="Ignored">Keys above <see cref="Maximum"/>, which are not looked at; they are as soon as there is room.</param>
public sealed record LeaseTable(
    ImmutableDictionary<string, Lease> Leases, ImmutableDictionary<string, InvalidLease> Invalid, bool IsComplete, int Ignored = 0)
{
    /// <summary>Keys that a node takes in: beyond it somebody floods the store, and memory has to stay bounded (F69).</summary>
    public const int Maximum = 32768;

    /// <summary>Whether this is what was known before the last stop, and the store has not been heard since: enough to put objects, not to delete any (F03).</summary>
    public bool IsSaved { get; init; }

    /// <summary>What is known before the first list.</summary>
    public static LeaseTable Unknown { get; } = new(
        ImmutableDictionary.Create<string, Lease>(StringComparer.Ordinal), ImmutableDictionary.Create<string, InvalidLease>(StringComparer.Ordinal), IsComplete: false);

    /// <summary>The table after a whole list.</summary>
    /// <param name="prefix">What the keys begin with.</param>
    /// <param name="keys">All keys.</param>
    /// <param name="maximum">How many to take in.</param>
    internal static LeaseTable Of(string prefix, IReadOnlyList<StoreKey> keys, int maximum = int.MaxValue)
    {
        var leases = Unknown.Leases.ToBuilder();
        var invalid = Unknown.Invalid.ToBuilder();
        foreach (var item in keys.Take(maximum))
        {
            var read = LeaseReader.Read(prefix, item);
            if (read is Lease lease)
                leases[item.Key] = lease;
            else
                invalid[item.Key] = (InvalidLease)read;
        }
        return new(leases.ToImmutable(), invalid.ToImmutable(), IsComplete: true, Math.Max(0, keys.Count - maximum));
    }

    /// <summary>The table after some changes.</summary>
    internal LeaseTable With(string prefix, IReadOnlyList<StoreEvent> events)
    {
        var leases = Leases.ToBuilder();
        var invalid = Invalid.ToBuilder();
        var ignored = Ignored;
        foreach (var change in events)
        {
            if (leases.Count + invalid.Count >= Maximum && change is StoreEvent.Put && !leases.ContainsKey(change.Key) && !invalid.ContainsKey(change.Key))
            {
                ignored++;
                continue;
            }
            var read = change is StoreEvent.Put put ? LeaseReader.Read(prefix, put.Item) : null;
            if (read is Lease lease)
                leases[change.Key] = lease;
            else
                leases.Remove(change.Key);
            if (read is InvalidLease bad)
                invalid[change.Key] = bad;
            else
                invalid.Remove(change.Key);
        }
        return this with { Leases = leases.ToImmutable(), Invalid = invalid.ToImmutable(), Ignored = ignored };
    }

    /// <summary>The same for one network: a claim on all of it at once, such as <c>0.0.0.0-0</c>, is nobody's subnet, and must not keep every node out (F67).</summary>
    internal IReadOnlyCollection<Subnet> OccupiedIn(NetworkConfig? config)
        => config is null ? Occupied : [.. Occupied.Where(subnet => !config.IsInside(subnet))];

    /// <summary>What is taken, in the original's eyes too.</summary>
    internal IReadOnlyCollection<Subnet> Occupied
        => [.. Leases.Values.Select(lease => lease.Subnet), .. Invalid.Values.Where(bad => bad.Occupied is not null).Select(bad => bad.Occupied!)];
}
