namespace FlannelPS.Checks;

/// <summary>Packets as long as the tunnel's MTU come through.</summary>
internal sealed class PeerMtuCheck()
    : Check("PeerMtu", CheckCategory.Tunnel, FlannelCheckScope.Connectivity, "Whether packets of the tunnel's whole MTU come through, with DF set; if not, how long they may be (an MTU black hole).", Comprehensive, RequiresRoot)
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => (facts.Connectivity ?? throw new FactsMissingException("The way to other hosts was not tried.")).Select(peer => peer.WorkingMtu is not { } working
            ? Finding.Skip("It does not answer packets of any length.", peer.Subnet.ToString())
            : working < peer.Mtu ? new(FlannelTestStatus.Fail, peer.Evidence, peer.Cause, peer.Remedy, peer.Subnet.ToString())
            : Finding.Pass($"Packets of {working} bytes come through.", peer.Subnet.ToString()));
}
