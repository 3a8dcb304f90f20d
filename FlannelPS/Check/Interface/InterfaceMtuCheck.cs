using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Checks;

/// <summary>A tunnel's headers take a part of the interface's MTU.</summary>
internal sealed class InterfaceMtuCheck() : Check("InterfaceMtu", CheckCategory.Interface, FlannelCheckScope.Host, "Whether the interface's MTU leaves workloads enough beside the tunnel's headers.")
{
    // RFC 8200 section 5; many programs take it for the least of IPv4 too.
    private const int Usual = 1280;

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var config = facts.Store.Config ?? throw new FactsMissingException("There is no usable network configuration to look by.");
        var node = facts.Host.Chosen ?? throw new FactsMissingException("No interface towards other hosts is known.");
        if (!BackendRegistry.Has(config.BackendType))
            return [Finding.Skip($"The backend {config.BackendType} is none of FlannelPS's.", node.LinkName)];
        var backend = BackendRegistry.Create(config);
        if (backend.RefuseNode(node) is { } reason)
            return [Finding.Fail($"{node.LinkName}: {reason}.", "A node with this interface is refused.", "Raise the MTU of the interface, or name another one with -Interface.", node.LinkName)];
        var mtu = backend.Mtu(node);
        return [mtu < Usual
            ? Finding.Warn($"{node.LinkName} has the MTU {node.Mtu}, which leaves workloads {mtu}.", $"Less than {Usual} bytes is below what many programs expect of a path.", "Raise the MTU of the interface.", node.LinkName)
            : Finding.Pass($"{node.LinkName} has the MTU {node.Mtu}, which leaves workloads {mtu}.", node.LinkName)];
    }
}
