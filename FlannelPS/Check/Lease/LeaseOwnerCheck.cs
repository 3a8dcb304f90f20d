using System.Net;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>Each subnet has one host, and each host one subnet.</summary>
internal sealed class LeaseOwnerCheck() : Check("LeaseOwner", CheckCategory.Lease, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether two leases have one public IP (a cloned machine, the wrong interface), or overlap, or lie outside the network.")
{
    private sealed record Owned(string Key, IPNetwork Subnet, IPAddress PublicIp);

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        if (facts.Scope == FlannelCheckScope.Host && facts.Store.Failure is not null)
            throw new FactsMissingException("The store could not be read.");
        var leases = facts.Scope == FlannelCheckScope.Node ? FromNode(facts.Node) : [.. facts.Store.Leases.Select(lease => new Owned(lease.Key, lease.Subnet.IPv4, lease.Attributes.PublicIp))];
        var network = facts.Scope == FlannelCheckScope.Node ? facts.Node.Network?.Network : facts.Store.Config?.IPv4.Network;
        // A node is right whatever other hosts write; who looks at the network as a whole has a fault before him.
        var status = facts.Scope == FlannelCheckScope.Node ? FlannelTestStatus.Warn : FlannelTestStatus.Fail;
        var found = new List<Finding>();
        foreach (var shared in leases.Where(lease => !lease.PublicIp.Equals(IPAddress.Any)).GroupBy(lease => lease.PublicIp).Where(group => group.Count() > 1))
            found.Add(new(status, $"{string.Join(" and ", shared.Select(lease => lease.Subnet))} have one public IP, {shared.Key}.", "Two hosts tell others the same address (a cloned machine, VirtualBox's 10.0.2.15, the wrong interface), or a host left an older lease behind.",
                "Give each host an address of its own (Find-FlannelInterface, -Interface or -PublicIP); remove the lease that nobody uses with Remove-FlannelLease.", shared.Key.ToString()));
        foreach (var lease in leases.Where(lease => network is { } all && !AddressNumber.Contains(all, lease.Subnet)))
            found.Add(Finding.Warn($"{lease.Subnet} of {lease.PublicIp} lies outside the network {network}.", "It was given under another configuration, or written by hand.", "Stop its host's node and remove the lease with Remove-FlannelLease.", lease.Subnet.ToString()));
        var ordered = leases.OrderBy(lease => lease.Subnet.First()).ToList();
        for (var i = 1; i < ordered.Count; i++)
            if (ordered[i - 1].Subnet.Overlaps(ordered[i].Subnet))
                found.Add(new(status, $"{ordered[i - 1].Subnet} of {ordered[i - 1].PublicIp} and {ordered[i].Subnet} of {ordered[i].PublicIp} overlap.", "One of them was written by hand, or under another configuration.", "Decide which host has it, stop the other, and remove its lease with Remove-FlannelLease.", ordered[i].Subnet.ToString()));
        return found.Count > 0 ? found : [Finding.Pass(leases.Count == 1 ? "There is one lease." : $"{leases.Count} leases, each of one host.")];
    }

    private static List<Owned> FromNode(NodeAnswers node)
        => [.. node.Leases.Objects().Where(lease => lease.Network("subnet") is not null && lease.Address("publicIp") is not null)
            .Select(lease => new Owned(lease.Text("key") ?? "", lease.Network("subnet")!.Value, lease.Address("publicIp")!))];
}
