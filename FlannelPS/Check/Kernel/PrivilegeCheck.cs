namespace FlannelPS.Checks;

/// <summary>Who runs a node has to be allowed to change the network.</summary>
internal sealed class PrivilegeCheck() : Check("Privilege", CheckCategory.Kernel, FlannelCheckScope.Host, "Whether this user may change the network (CAP_NET_ADMIN).")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        => [facts.Host.CanChangeNetwork
            ? Finding.Pass("This process has CAP_NET_ADMIN.")
            : Finding.Fail("This process has not CAP_NET_ADMIN.", "A node programs devices, routes and neighbours, which the kernel lets nobody else do.", "Run it as root, or as a service by Register-FlannelService.")];
}
