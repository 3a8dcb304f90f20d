namespace FlannelPS.Checks;

/// <summary>The backend's kind of device must be there to be made.</summary>
internal sealed class TunnelSupportCheck() : Check("TunnelSupport", CheckCategory.Kernel, FlannelCheckScope.Host, "Whether the kernel has what the backend's tunnel is made of: the module vxlan, or /dev/net/tun.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
        // Before there is a configuration: vxlan is what most have.
        => [(facts.Store.Network?.Backend ?? "vxlan") switch
        {
            "vxlan" => Vxlan(facts.Host),
            "udp" => facts.Host.TunProblem.Length == 0
                ? Finding.Pass("/dev/net/tun can be opened.", "tun")
                : Finding.Fail(facts.Host.TunProblem, "The backend udp carries packets through a TUN device.", "modprobe tun; in a container give it the device /dev/net/tun. Or configure the backend vxlan or host-gw.", "tun"),
            var other => Finding.Skip($"The backend {other} makes no tunnel."),
        }];

    private static Finding Vxlan(HostFacts host)
        => host.HasVxlan switch
        {
            true => Finding.Pass(host.VxlanEvidence, "vxlan"),
            null => Finding.Skip(host.VxlanEvidence, "vxlan"),
            false => Finding.Fail(host.VxlanEvidence, "This kernel cannot make vxlan devices.", "Install the package of the kernel's further modules and modprobe vxlan, or configure the backend host-gw or udp.", "vxlan"),
        };
}
