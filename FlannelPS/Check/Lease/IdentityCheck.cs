namespace FlannelPS.Checks;

/// <summary>A machine that was cloned with its state folder has the identity of the first, and is refused; it leaves a mark beside the claim of the first.</summary>
internal sealed class IdentityCheck() : Check("Identity", CheckCategory.Lease, FlannelCheckScope.Host, "Whether two machines run with one identity (a cloned machine): the second one is refused, and leaves a mark in the store.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var store = facts.Store;
        if (store.Failure is not null || store.Claims is not { } claims)
            throw new FactsMissingException("The claims of the nodes could not be read in the store.");
        var clones = claims.Where(claim => claim.IsMark).GroupBy(claim => claim.Identity).ToList();
        return clones.Count == 0 ? [Finding.Pass($"Nodes that run with an identity of their own: {claims.Count}.")]
            : clones.Take(20).Select(clone => Finding.Fail(
                $"A second machine runs with the identity {clone.Key}: host '{clone.First().Host}'{(claims.FirstOrDefault(claim => claim.Identity == clone.Key && !claim.IsMark) is { } first ? $", beside '{first.Host}' with {first.Subnet}" : "")}.",
                "A machine was cloned with the node's state folder; the second one is refused its lease.", "On the clone: stop the node, remove the file identity below /var/lib/flannelps, start it again. The mark ends by itself within a minute.", clone.Key));
    }
}
