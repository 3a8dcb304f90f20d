namespace FlannelPS.Checks;

/// <summary>flanneld and a node of ours would undo each other's work.</summary>
internal sealed class OriginalCheck() : Check("Flanneld", CheckCategory.Node, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether flanneld runs on this host beside the node.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => [facts.Host.Originals is [var process, ..]
            ? Finding.Fail($"flanneld runs here (process {process}).", "Two daemons of one network on one host have one device, one subnet file and one lease.", "Stop flanneld and its service; a node takes over its device and its lease without losing a packet (about_FlannelPS_Migration).", $"process {process}")
            : Finding.Pass("No flanneld runs here.")];
}
