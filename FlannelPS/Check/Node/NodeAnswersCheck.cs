using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>Whether the node answers at all.</summary>
internal sealed class NodeAnswersCheck() : Check("Answers", CheckCategory.Node, FlannelCheckScope.Node, "Whether the node answers on its control socket, and none of its loops hangs.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var node = facts.Node;
        return [node.Silence.Length > 0 ? Finding.Fail(node.Silence, "It does not run, hangs, or may not be asked by this user.", node.SilenceRemedy)
            : node.Status.Flag("alive") ? Finding.Pass($"It answers: flannelpsd {node.Status.Text("version")}, process {node.Status.Number("pid")}.")
            : Finding.Fail("It answers, and one of its loops hangs.", "A loop gives no sign of life, or fails again and again.", "Restart-FlannelNode; the traffic goes on meanwhile.")];
    }
}
