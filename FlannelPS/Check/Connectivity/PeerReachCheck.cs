namespace FlannelPS.Checks;

/// <summary>Each other host answers through the tunnel.</summary>
internal sealed class PeerReachCheck()
    : Check("PeerReach", CheckCategory.Tunnel, FlannelCheckScope.Connectivity, "Whether each other host answers through the tunnel; if not, whether its host does, and what is said on the way.", Comprehensive, RequiresRoot)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => (facts.Connectivity ?? throw new FactsMissingException("The way to other hosts was not tried.")).Select(peer => peer.Received > 0 && peer.Status == FlannelTestStatus.Fail
            ? Finding.Pass($"{peer.Address} answers.", peer.Subnet.ToString())    // what fails is the MTU's check
            : new Finding(peer.Status, peer.Evidence, peer.Cause, peer.Remedy, peer.Subnet.ToString()));
}
