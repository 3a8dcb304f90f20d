using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>The rules that a node keeps itself.</summary>
internal sealed class NodeFirewallCheck() : Check("NodeFirewall", CheckCategory.Firewall, FlannelCheckScope.Node, "Whether the node's own rules stand: masquerading, forwarding, and the guard that keeps strangers from the tunnel.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var firewall = facts.Node.Status.Part("firewall");
        var target = firewall.Text("implementation") ?? "";
        if (target is "" or "none")
            return [Finding.Skip("The node keeps no rules.")];
        if (firewall.Text("problem") is { } problem)
            return [Finding.Fail($"Its rules could not be set: {problem}", "The kernel or the tool refused them, or is busy.", "Remove the reason; Repair-FlannelNode -Component Kernel tries again, and Get-FlannelEvent shows what led to it.", target)];
        if (firewall.Text("missing") is { } missing)
            return [Finding.Warn($"What was asked for is not all there: {missing}", "This kernel or this host lacks what a rule needs.", "Install or load what is named, then Repair-FlannelNode.", target)];
        return [firewall.Flag("applied") ? Finding.Pass($"Its rules stand, in {target}; strangers at the tunnel: {firewall.Text("strictPeers")}.", target) : Finding.Skip("Its rules are not set yet.", target)];
    }
}
