using FlannelPS.Engine.Backends;

namespace FlannelPS.Checks;

/// <summary>Hosts reach one another only by one backend with one VNI.</summary>
internal sealed class LeaseBackendCheck() : Check("LeaseBackend", CheckCategory.Lease, FlannelCheckScope.Host, "Whether all leases have the backend that the configuration names, and with vxlan its VNI and a MAC that can be.")
{
    // Whoever looks at the network as a whole has no tunnel end of its own.
    private static readonly VtepAddresses NobodysTunnelEnd = new(default, default(Engine.Netlink.MacAddress));

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var store = facts.Store;
        var config = store.Config ?? throw new FactsMissingException("There is no usable network configuration to look by.");
        if (!BackendRegistry.Has(config.BackendType))
            return [Finding.Skip($"The backend {config.BackendType} is none of FlannelPS's.")];
        var backend = BackendRegistry.Create(config);
        var odd = store.Leases.Select(lease => (Lease: lease, Reason: backend.RefusePeer(lease, NobodysTunnelEnd))).Where(one => one.Reason is not null).ToList();
        return odd.Count == 0 ? [Finding.Pass($"All {store.Leases.Count} leases fit {config.BackendType}.")]
            : odd.Take(20).Select(one => Finding.Fail($"{one.Lease.Subnet.IPv4} of {one.Lease.Attributes.PublicIp}: {one.Reason}.", "Its host runs another configuration: it was not restarted since the configuration was changed, or the lease was written by hand.",
                "Restart the node there (Restart-FlannelNode); remove a lease that nobody uses with Remove-FlannelLease.", one.Lease.Subnet.IPv4.ToString()));
    }
}
