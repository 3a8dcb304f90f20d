using FlannelPS.Engine.Hosting;

namespace FlannelPS.Checks;

/// <summary>Keys among the leases that are none.</summary>
internal sealed class JunkLeaseCheck() : Check("JunkLease", CheckCategory.Lease, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether there are keys among the leases that are no lease.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var junk = facts.Scope == FlannelCheckScope.Node
            ? facts.Node.Leases.Objects().Where(lease => lease.Text("invalid") is not null).Select(lease => (Key: lease.Text("key") ?? "", Reason: lease.Text("invalid")!)).ToList()
            : facts.Store.Failure is null ? facts.Store.Junk.Select(bad => (bad.Key, bad.Reason)).ToList() : throw new FactsMissingException("The store could not be read.");
        return junk.Count == 0
            ? [Finding.Pass("Every key among the leases is one.")]
            : junk.Take(20).Select(bad => Finding.Warn($"{bad.Key}: {bad.Reason}.", "Somebody wrote there by hand, or a program that does not know the form.", "Look at it with Get-FlannelLease -Invalid, and delete the key. flannel itself may lose all its peers by one (all of its hosts at once).", bad.Key));
    }
}
