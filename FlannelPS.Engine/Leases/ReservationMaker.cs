using System.Net;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>Pins a subnet to a host: a lease without a time to live, under the guards that nodes take their leases with (Q-43).</summary>
internal sealed class ReservationMaker(IStore store, string prefix)
{
    private readonly StoreKeys _keys = new(prefix);
    private readonly LeaseEditor _editor = new(store, prefix);

    /// <summary>Looks what there is to do; changes nothing.</summary>
    /// <param name="v4">The subnet.</param>
    /// <param name="v6">Its IPv6 half; null for none, and for whatever an existing lease has.</param>
    /// <param name="host">The host's address; null for who has the subnet now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ReservationPlan> PlanAsync(IPNetwork v4, IPNetwork? v6, IPAddress? host, CancellationToken cancellationToken)
    {
        var configRead = store.RangeAsync(KeyRange.One(_keys.Config), cancellationToken);
        var list = await store.RangeAsync(_keys.Subnets, cancellationToken).ConfigureAwait(false);
        var config = await configRead.ConfigureAwait(false);
        var table = LeaseTable.Of(_keys.SubnetPrefix, list.Keys);
        var subnet = new Subnet(v4, v6);
        var here = table.Leases.Values.FirstOrDefault(lease => lease.Subnet.IPv4.Equals(v4) && (v6 is null || lease.Subnet.IPv6.Equals(v6)));
        var key = here?.Key ?? _keys.Of(subnet);
        var holder = host ?? here?.Attributes.PublicIp;
        var other = table.Leases.Values.Where(lease => lease.Key != key && lease.Attributes.PublicIp.Equals(holder)).OrderBy(lease => lease.CreateRevision).FirstOrDefault();

        if (here is not null)
        {
            return !here.Attributes.PublicIp.Equals(holder) ? Plan(ReservationOutcome.Taken, $"{here.Subnet} is {(here.IsReservation ? "reserved for" : "leased to")} the host {here.Attributes.PublicIp}")
                : Plan(here.IsReservation ? ReservationOutcome.Stands : ReservationOutcome.Pin);
        }
        if (host is null)
            return Plan(ReservationOutcome.NoHost, $"nobody has {subnet}, so it must be said for which host it is reserved");
        if (config.Keys is not [var item])
            return Plan(ReservationOutcome.NoConfig, $"there is no network configuration at {_keys.Config}");
        NetworkConfig network;
        try
        {
            network = NetworkConfigReader.Read(item.Value, item.ModRevision);
        }
        catch (NetworkConfigException e)
        {
            return Plan(ReservationOutcome.BadConfig, $"the network configuration at {_keys.Config} is not usable: {e.Message}");
        }
        if (!network.Holds(subnet))
            return Plan(ReservationOutcome.NotInNetwork, WhyNot(network, subnet));
        if (table.OccupiedIn(network).FirstOrDefault(taken => taken.Overlaps(subnet)) is { } taken)
            return Plan(ReservationOutcome.Taken, $"{taken} is taken, and overlaps {subnet}");
        return Plan(ReservationOutcome.Create);

        ReservationPlan Plan(ReservationOutcome outcome, string reason = "") => new(outcome, reason, key, here, other, list.Revision);
    }

    /// <summary>Does what was planned.</summary>
    /// <returns>The reservation; null when something has changed since the look.</returns>
    public async Task<Lease?> ApplyAsync(ReservationPlan plan, IPAddress? host, CancellationToken cancellationToken)
    {
        if (plan.Outcome == ReservationOutcome.Stands)
            return plan.Lease;
        if (plan.Outcome == ReservationOutcome.Pin)
            return await _editor.PinAsync(plan.Lease!, cancellationToken).ConfigureAwait(false);
        // No backend yet: peers of any backend leave such a lease alone until its host has started and says how to reach it.
        var attributes = new LeaseAttributes(host!, null, "", default, default);
        var value = LeaseValue.Write(attributes);
        var create = new StoreTxn(
            [StoreCompare.Absent(plan.Key), StoreCompare.NoneCreatedAfter(_keys.Subnets, plan.Revision)], [new StoreOperation.Put(plan.Key, value, 0)]);
        long revision;
        try
        {
            var created = await store.TxnAsync(create, cancellationToken).ConfigureAwait(false);
            if (!created.Succeeded)
                return null;
            revision = created.Revision;
        }
        catch (StoreException e) when (e.Ambiguous)
        {
            // The answer was lost, perhaps not the write: the key itself tells (F08).
            var here = await store.RangeAsync(KeyRange.One(plan.Key), cancellationToken).ConfigureAwait(false);
            if (here.Keys is not [var item])
                throw;
            if (item.LeaseId != 0 || !item.Value.Span.SequenceEqual(value))
                return null;
            revision = item.ModRevision;
        }
        return new(plan.Key, Subnet.ParseKey(plan.Key.AsSpan(_keys.SubnetPrefix.Length))!, attributes, 0, revision, revision);
    }

    private static string WhyNot(NetworkConfig config, Subnet subnet)
    {
        if (!config.IPv4.Holds(subnet.IPv4))
            return WhyNot(config.IPv4, subnet.IPv4);
        if (config.IPv6 is not { } range)
            return $"the network has no IPv6, so {subnet.IPv6} cannot be reserved in it";
        return subnet.IPv6 is { } v6 ? WhyNot(range, v6) : $"the network is dual-stack: an IPv6 subnet of {range.Network} must be reserved with {subnet.IPv4}";
    }

    private static string WhyNot(SubnetRange range, IPNetwork subnet)
        => subnet.BaseAddress.AddressFamily != range.Family || !range.Network.Contains(subnet) ? $"{subnet} is not inside the network {range.Network}"
            : subnet.PrefixLength != range.SubnetLength ? $"{subnet} has length {subnet.PrefixLength}; a host's subnet in {range.Network} has {range.SubnetLength}"
            : $"{subnet} is not between the first subnet, {range.Minimum}, and the last, {range.Maximum}";
}
