using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>All checks, in the order in which they are told.</summary>
internal static class CheckList
{
    /// <summary>The one list.</summary>
    public static IReadOnlyList<Check> All()
        =>
        [
            // A node's own, in the order of its start.
            new NodeAnswersCheck(),
            new NodeVerdictCheck("Ready", CheckCategory.Node, "Whether the node is ready, and what keeps it from it."),
            new NodeVerdictCheck("Lease", CheckCategory.Lease, "Whether the node holds a lease, and renews it in time."),
            new NodeVerdictCheck("Store", CheckCategory.Store, "Whether the node can follow its store."),
            new NodeVerdictCheck("Configuration", CheckCategory.Configuration, "Whether the node runs what the store's configuration says."),
            new NodeVerdictCheck("Device", CheckCategory.Interface, "Whether the tunnel device is there and up, with its MTU, MAC, VNI and address."),
            new NodeVerdictCheck("Routes", CheckCategory.Kernel, "Whether each peer has its route."),
            new NodeVerdictCheck("Neighbors", CheckCategory.Kernel, "Whether each peer by way of vxlan has its neighbour and its forwarding entry."),
            new NodeVerdictCheck("Peers", CheckCategory.Lease, "Whether all leases of other hosts are believed and programmed, and why not."),
            new NodeVerdictCheck("SubnetFile", CheckCategory.Files, "Whether the subnet file says what the lease and the device say."),
            new ProbeCheck(),
            new StrangerCheck(),
            new ContestedRouteCheck(),
            new RepairCheck(),
            new NodeFirewallCheck(),
            new MasqueradeCheck(),

            // The store.
            new StoreContactCheck(),
            new StoreMemberCheck(),
            new StoreWriteCheck(),
            new ClockCheck(),
            new NetworkConfigCheck(),
            new JunkLeaseCheck(),
            new LeaseOwnerCheck(),
            new LeaseBackendCheck(),
            new IdentityCheck(),

            // This host.
            new PrivilegeCheck(),
            new TunnelSupportCheck(),
            new InterfaceCheck(),
            new InterfaceMtuCheck(),
            new BridgeCheck(),
            new OverlapCheck(),
            new TunnelPortCheck(),
            new ChecksumCheck(),
            new SettingCheck(HostSetting.Forwarding, "Whether the kernel forwards packets between workloads and the tunnel (net.ipv4.ip_forward).", "There is nothing to look at."),
            new SettingCheck(HostSetting.IPv6, "Whether this host's IPv6 is as a network with both families needs it (disable_ipv6, accept_ra).", "The network has no IPv6."),
            new SettingCheck(HostSetting.ReversePath, "Whether the reverse path filter (rp_filter) drops packets that come by another interface than answers leave by.", "No interface towards other hosts is known."),
            new SettingCheck(HostSetting.BridgeFilter, "Where a bridge stands in this host's subnet: whether iptables sees what it carries (net.bridge.bridge-nf-call-iptables).", "No bridge stands in this host's subnet."),
            new FirewallToolCheck(),
            new ForwardRuleCheck(),
            new TunnelRuleCheck(),
            new PlaceCheck(),
            new SecondDaemonCheck(),
            new OriginalCheck(),
            new ServiceCheck(),

            // The way to other hosts.
            new PeerReachCheck(),
            new PeerMtuCheck(),
        ];

    /// <summary>Those about something.</summary>
    public static IEnumerable<Check> Of(FlannelCheckScope scope) => All().Where(check => check.About.Scope.HasFlag(scope));
}
