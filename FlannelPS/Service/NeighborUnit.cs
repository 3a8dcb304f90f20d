namespace FlannelPS;

/// <summary>Text for the units beside a node's: what makes Docker and containerd wait for it, and Docker use its subnet.</summary>
/// <remarks>systemd.unit(5) on drop-ins.</remarks>
internal static class NeighborUnit
{
    /// <summary>A drop-in of docker.service.</summary>
    /// <param name="name">The node.</param>
    /// <param name="docker">Path of dockerd.</param>
    /// <param name="subnetFile">The node's subnet file.</param>
    /// <param name="masquerade">Whether the node masquerades, which then Docker must not.</param>
    public static string Docker(string name, string docker, string subnetFile, bool masquerade)
        // Without the file Docker does not start: on a network of its own choice its containers would reach nobody.
        => $$"""
            # docker.service.d/50-flannelps.conf: Docker's bridge on the overlay of the node '{{name}}'. By FlannelPS {{ServicePaths.Version}}.
            {{Order(name)}}
            [Service]
            EnvironmentFile={{ServiceUnit.Escape(subnetFile)}}
            # Options of your own: DOCKER_OPTS in this file.
            EnvironmentFile=-/etc/default/docker
            ExecStart=
            ExecStart={{ServiceUnit.Quote(docker)}} -H fd:// --containerd=/run/containerd/containerd.sock --bip=${FLANNEL_SUBNET} --mtu=${FLANNEL_MTU} --ip-masq={{(masquerade ? "false" : "true")}} $DOCKER_OPTS

            """.ReplaceLineEndings("\n");

    /// <summary>A drop-in of containerd.service, whose CNI plugin reads the subnet file with each container.</summary>
    /// <param name="name">The node.</param>
    public static string Containerd(string name)
        => $"""
            # containerd.service.d/50-flannelps.conf: containerd starts behind the node '{name}'. By FlannelPS {ServicePaths.Version}.
            {Order(name)}
            """.ReplaceLineEndings("\n");

    private static string Order(string name)
        => $"""
            [Unit]
            Wants={ServicePaths.UnitName(name)}
            After={ServicePaths.UnitName(name)}

            """;
}
