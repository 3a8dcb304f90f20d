namespace FlannelPS.Checks;

/// <summary>Datagrams with a wrong checksum are the sign of a network card, or a NAT, that does not finish those of tunnels.</summary>
internal sealed class ChecksumCheck() : Check("Checksum", CheckCategory.Tunnel, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the kernel drops UDP datagrams for their checksum (Udp InCsumErrors), and more and more of them.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => [facts.Host.Checksums switch
        {
            { Errors: 0 } => Finding.Pass("No UDP datagram had a wrong checksum."),
            { Growth: 0 } few => Finding.Pass($"UDP datagrams with a wrong checksum: {few.Errors} since this host started, and none while it was looked."),
            var many => Finding.Fail($"UDP datagrams with a wrong checksum: {many.Errors}, and {many.Growth} of them while it was looked.",
                "A network card or driver does not finish the checksum of encapsulated packets (checksum offload), on this host or on the sender.",
                "On the senders: ethtool -K INTERFACE tx-checksum-ip-generic off, or the same for the tunnel's device.", "Udp InCsumErrors"),
        }];
}
