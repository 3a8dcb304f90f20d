using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Checks;

/// <summary>The interface that would carry the tunnel.</summary>
internal sealed class InterfaceCheck() : Check("Interface", CheckCategory.Interface, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether there is an interface towards other hosts, and one that they can reach: not loopback, down, link-local or VirtualBox's NAT.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        const string Remedy = "Find-FlannelInterface shows each interface and why it fits or not; name one with -Interface.";
        var selection = facts.Host.Selection ?? throw new FactsMissingException("The interfaces were not looked at.");
        if (selection.Interface is not { } chosen)
            return [Finding.Fail(selection.Failure, "No interface of this host is fit for the traffic to other hosts.", Remedy)];
        var odd = selection.Warnings.Concat(selection.Rejected).Select(warning => Finding.Warn(warning, "Other hosts send this host's traffic to that address.", Remedy, chosen.Link.Name)).ToList();
        return odd.Count > 0 ? odd : [Finding.Pass($"{chosen.Link.Name} with {chosen.PublicIp}, MTU {chosen.Mtu}.", chosen.Link.Name)];
    }
}
